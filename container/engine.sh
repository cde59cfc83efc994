# Finds what builds or runs containers here. Sourced by build.sh and run.sh.

say() {
    printf '%s\n' "$*" >&2
}

# Print the first of the named engines that works here; say what was found if none does.
engine() {
    silent=
    for name; do
        command -v "$name" >/dev/null || continue
        # The docker command may be there without its service, or without the right to speak with it.
        if "$name" info >/dev/null 2>&1; then
            printf '%s' "$name"
            return
        fi
        silent="$silent $name"
    done
    if [ -n "$silent" ]; then
        say "No container engine works here:$silent is installed, but \`${silent##* } info\` fails. Start its service, or install another: $*"
    else
        say "There is no container engine here. Install one of: $*"
    fi
    return 1
}
