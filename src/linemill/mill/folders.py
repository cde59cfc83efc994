"""The folder in which a pipeline's state is, beside its outputs."""

STATE_FOLDER = ".linemill"
