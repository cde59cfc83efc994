"""The catalog's writing half: every method is one transaction. Reading for people is `linemill.catalog.history`."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import delete, insert, select, update

from linemill.catalog import (
    attempts,
    claiming,
    committing,
    events,
    owners,
    periods,
    schema,
    thinning,
    tokens,
    tracing,
    undoing,
    versions,
    wishing,
)
from linemill.catalog.attempts import By
from linemill.catalog.database import Database
from linemill.catalog.encoding import a_path_of
from linemill.catalog.opening import open_database, tag_of
from linemill.catalog.records import (
    Arrived,
    Claim,
    Commit,
    Failed,
    FileState,
    Origin,
    Owner,
    Redo,
    Role,
    SpanDone,
    TakenOver,
    Wish,
)
from linemill.catalog.recovering import must_stay, take_over
from linemill.errors import LinemillError
from linemill.files import shown


class Catalog:
    """What is durable of one state folder, and this process as one that works on it. Used from any thread.

    Every method raises `WorldError` where the database or the disk says no; nothing of its transaction is done then.

    Attributes:
        owner_id: This process, 16 hexadecimal digits.
        tag: The catalog's mark on hidden files, 8 hexadecimal digits.
    """

    def __init__(self, folder: Path, database: Database, lock: owners.Lock, tag: str) -> None:
        self.owner_id = lock.owner_id
        self.tag = tag
        self._folder = folder
        self._database = database
        self._lock = lock
        self._is_closed = False

    @classmethod
    def open(cls, folder: Path, what: str) -> Catalog:
        """Open the catalog in a state folder; both are made if they are missing.

        Args:
            folder: `.linemill/`.
            what: What this process does: watch, run, or the name of a command.

        Raises:
            WorldError: It cannot be used: no permission, no space, no catalog of ours, a newer one.
        """
        now = time.time()
        database = open_database(folder, now)
        try:
            lock = owners.Lock(folder)
            try:
                with database.writing() as connection:
                    owners.register(connection, lock.owner_id, what, now)
                    return cls(folder, database, lock, tag_of(connection))
            except BaseException:
                lock.close(remove=True)
                raise
        except BaseException:
            database.close()
            raise

    def close(self) -> None:
        """End the work of this process; a second time changes nothing. What is left unfinished is for `take_over` to find."""
        if self._is_closed:
            return
        self._is_closed = True
        is_finished = False
        with contextlib.suppress(LinemillError), self._database.writing() as connection:  # else others find us dead
            is_finished = owners.leave(connection, self.owner_id)
        self._lock.close(remove=is_finished)
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def version(self, text: str, sources: Mapping[str, str], now: float) -> int:
        """Give the row of a version of the pipeline.

        Args:
            text: Of the pipeline file.
            sources: Path to text of each processor's module.
            now: Seconds since 1970.
        """
        with self._database.writing() as connection:
            return versions.keep(connection, text, sources, now)

    def claim(
        self,
        arrived: Sequence[Arrived],
        *,
        origin: Origin,
        version_id: int,
        day: str,
        now: float,
        place_in: Path | None,
        is_taken: Callable[[str], bool],
    ) -> list[Claim]:
        """Make files ours: each gets an attempt, in the order given.

        Args:
            arrived: The files.
            origin: How they came. Those from the inbox get a life of their own each; one that was named again and has not
                changed gets another attempt.
            version_id: The pipeline's version.
            day: What `{date}` says.
            now: Seconds since 1970.
            place_in: The folder that files from the inbox are about to be moved into; None where they stay.
            is_taken: Whether anything on the disk stands in the way of a life name; asked for files from the inbox.
        """
        by = By(self.owner_id, version_id, day, now)
        with self._database.writing() as connection:
            if origin is Origin.GIVEN:
                return claiming.claim_given(connection, by, arrived)
            return claiming.claim_arrived(connection, by, arrived, place_in, is_taken)

    def take(
        self,
        now: float,
        limit: int,
        *,
        version_id: int,
        day: str,
        origin: Origin | None = None,
        only: Collection[int] | None = None,
    ) -> list[Claim]:
        """Make files ours whose time has come, the longest waiting first.

        An attempt that was taken back, with durable spans of the same version, is gone on with; else a new one is made.

        Args:
            now: Seconds since 1970.
            limit: No more than so many.
            version_id: The pipeline's version.
            day: What `{date}` says for new attempts.
            origin: Only files that came so.
            only: Only files with these rows.
        """
        with self._database.writing() as connection:
            return claiming.take(connection, By(self.owner_id, version_id, day, now), limit, origin, only)

    def is_done(self, arrived: Arrived) -> bool:
        """Tell whether a file that was named has been published before, and has not changed since."""
        with self._database.reading() as connection:
            return claiming.is_done(connection, arrived)

    def known_in(self, folder: Path, names: Collection[str]) -> dict[str, tuple[int, int]]:
        """Give the size and the time of change, when they were last claimed, of these files that stay in a watched folder."""
        with self._database.reading() as connection:
            return claiming.known_in(connection, folder, names)

    def whose(self, path: Path) -> tuple[FileState | None, Path | None]:
        """Tell the state and the place of the newest file from the inbox whose life name a path has; None for none."""
        with self._database.reading() as connection:
            return claiming.whose(connection, path.name)

    def set_back(self, claims: Sequence[Claim], now: float) -> None:
        """Take attempts back, as if they had not been begun; their files are ready again. Durable spans stay."""
        with self._database.writing() as connection:
            attempts.set_back(connection, self.owner_id, claims, now)

    def forget(self, claims: Sequence[Claim]) -> None:
        """Remove attempts at files that never were ours, and the files of which these were all."""
        with self._database.writing() as connection:
            attempts.forget(connection, claims, time.time())

    def checkpoint(self, claim: Claim, spans: Sequence[SpanDone]) -> None:
        """Keep spans that have become durable.

        Raises:
            WorldError: Code `lost`: the attempt is not ours any more.
        """
        with self._database.writing() as connection:
            attempts.checkpoint(connection, self.owner_id, claim, spans)

    def commit(self, commits: Sequence[Commit], now: float) -> list[Redo]:
        """Write down what attempts have come to; give what is to be published, in the order given.

        Those that are not ours any more are left out.
        """
        with self._database.writing() as connection:
            return committing.commit(connection, self.owner_id, commits, now)

    def redo(self, file_id: int | None = None) -> list[Redo]:
        """Give what is ours and to be published, in the order of the commits; of one file only, if one is named."""
        with self._database.reading() as connection:
            return committing.unpublished(connection, self.owner_id, file_id)

    def begin_anew(self, target: Path) -> None:
        """Count the offsets of what is not published yet from 0 on: the growing file that was there was moved away."""
        with self._database.writing() as connection:
            committing.begin_anew(connection, target)

    def retarget(self, output_id: int, target: Path) -> None:
        """Give an output that is not published yet another name, since a stranger has the first."""
        with self._database.writing() as connection:
            named = update(schema.output).where(schema.output.c.id == output_id, schema.output.c.is_published.is_(False))
            connection.execute(named.values(target=shown(target)))

    def published(self, redos: Sequence[Redo], now: float) -> None:
        """Note that attempts are published, and their files done."""
        with self._database.writing() as connection:
            committing.publish(connection, self.owner_id, redos, now)

    def undo(self, redo: Redo, now: float) -> None:
        """Take a commit back of which nothing can be published any more: its file is ready again."""
        with self._database.writing() as connection:
            undoing.undo(connection, self.owner_id, redo, now)

    def fail(self, failed: Sequence[Failed], now: float) -> None:
        """Note that attempts have failed, and when their files are tried again, if they are."""
        with self._database.writing() as connection:
            committing.fail(connection, self.owner_id, failed, now)

    def take_over(self, now: float, *, was_never_theirs: Callable[[Claim], bool] = lambda claim: False) -> TakenOver:
        """Make ours what dead processes have left, and remove these.

        Args:
            now: Seconds since 1970.
            was_never_theirs: Tells of an attempt that was under way whether its file had not been moved to its place yet. It
                is forgotten, at once: a later start could not tell any more.
        """
        with self._database.writing() as connection:
            alive = {owner.id for owner in owners.living(connection, self._folder)} | {self.owner_id}
            working = take_over(connection, self.owner_id, alive, now)
            never = [claim for claim in working if was_never_theirs(claim)]
            attempts.forget(connection, never, now)
            owners.remove_dead(connection, alive)
            redos = committing.unpublished(connection, self.owner_id)
        owners.remove_locks(self._folder, alive)
        return TakenOver(redos, [claim for claim in working if claim not in never])

    def owners(self) -> list[Owner]:
        """Give the living processes that work on the catalog, this one among them, oldest first."""
        with self._database.reading() as connection:
            return owners.living(connection, self._folder)

    def stages_in(self, folders: Collection[Path]) -> None:
        """Note that hidden files may lie in folders; before the first one is made there."""
        table = schema.staging_folder
        with self._database.writing() as connection:
            new = set(map(shown, folders))
            new.difference_update(connection.scalars(select(table.c.path).where(table.c.path.in_(new))))
            if new:
                connection.execute(insert(table), [{"path": path} for path in sorted(new)])

    def staging_folders(self) -> list[Path]:
        """Give the folders in which hidden files may lie."""
        with self._database.reading() as connection:
            return sorted(map(a_path_of, connection.scalars(select(schema.staging_folder.c.path))))

    def no_longer_stages_in(self, folders: Collection[Path]) -> None:
        """Note that no hidden files lie in folders."""
        table = schema.staging_folder
        with self._database.writing() as connection:
            connection.execute(delete(table).where(table.c.path.in_(list(map(shown, folders)))))

    def must_stay(self, attempt_ids: Collection[int]) -> set[int]:
        """Give those of the attempts whose staged files are still needed."""
        with self._database.reading() as connection:
            alive = {owner.id for owner in owners.living(connection, self._folder)}
            return must_stay(connection, attempt_ids, alive)

    def wish(self, file_ids: Sequence[int], wish: Wish, now: float) -> None:
        """Have files worked on again, all or none, and note who wished it.

        Raises:
            UsageError: There is no such file, or one is being worked on.
        """
        with self._database.writing() as connection:
            wishing.wish(connection, file_ids, wish, now)

    def control(self, name: str) -> Any:
        """Give a value that processes leave for each other; None for none."""
        with self._database.reading() as connection:
            text = connection.scalar(select(schema.control.c.value).where(schema.control.c.name == name))
        return None if text is None else json.loads(text)

    def set_control(self, name: str, value: Any, now: float) -> None:
        """Leave a value for other processes, anything that JSON can say; None removes it."""
        table = schema.control
        with self._database.writing() as connection:
            connection.execute(delete(table).where(table.c.name == name))
            if value is not None:
                connection.execute(insert(table), {"name": name, "value": json.dumps(value), "at": now})

    def note_backlog(self, in_inbox: int, most: int, now: float) -> None:
        """Note how many files are in the inbox, and how many were there and in hand at most since this was said last."""
        with self._database.writing() as connection:
            periods.note_backlog(connection, in_inbox, most, now)

    def event(self, who: str, what: str, detail: str, now: float, file_id: int | None = None) -> None:
        """Note that something happened that is worth knowing."""
        with self._database.writing() as connection:
            events.note(connection, who, what, detail, now, file_id)

    def make_token(
        self, name: str | None, role: Role, secret: str, who: str, now: float, *, valid_s: float | None = None
    ) -> tokens.Token:
        """Let somebody sign in, and note who let them.

        Args:
            name: What the token's deeds are noted under; None for one after its role.
            role: What it lets somebody do.
            secret: What it says; kept nowhere.
            who: Who makes it.
            now: Seconds since 1970.
            valid_s: For how long, in seconds; None for ever.

        Raises:
            UsageError: The name cannot be one, or a valid token has it.
        """
        until = None if valid_s is None else now + valid_s
        with self._database.writing() as connection:
            made = tokens.make(connection, name=name, role=role, secret=secret, expires_at=until, now=now)
            events.note(connection, who, "token_created", f"{made.name} (id {made.id}), {role}", now)
        return made

    def revoke_token(self, token: tokens.Token, who: str, now: float) -> bool:
        """Let nobody sign in with a token any more, and note who said so; give whether anybody could before."""
        with self._database.writing() as connection:
            was_valid = tokens.revoke(connection, token.id, now)
            if was_valid:
                events.note(connection, who, "token_revoked", f"{token.name} (id {token.id}), {token.role}", now)
        return was_valid

    def thin(self, now: float, *, age_s: float, most: int, keeps: Callable[[Path], bool]) -> Iterator[int]:
        """Remove what is old or too much, one short transaction a step; tell at each how many files were removed.

        Args:
            now: Seconds since 1970.
            age_s: Files that are done or have failed for longer go, in seconds; events and unused versions, too.
            most: The oldest of more files than these go; and of more events. How many traces stay is fixed.
            keeps: Asked for the path and the place of each file that would go; one that is kept stays.
        """
        yield from thinning.thin(self._database, now - age_s, most, keeps)
        for some in (tracing.thin_traces, lambda connection: thinning.thin_events(connection, now - age_s, most)):
            has_more = True
            while has_more:
                with self._database.writing() as connection:
                    has_more = some(connection)
                yield 0
        with self._database.writing() as connection:
            thinning.thin_versions(connection, now - age_s)
            periods.thin(connection, now)
