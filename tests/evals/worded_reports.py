"""Answers to real cases, each in a report whose verdict, quotes and facts are those of the reference solution."""

from typing import NamedTuple


class Worded(NamedTuple):
    """A case and an answer to it."""

    case: str
    answer: str


WRONG_REPORTS = (
    # -- roles swapped
    Worded("who-changed-this", "Priya Raman did, in pull request 13; Tom Becker approved it."),
    Worded("who-changed-this", "Tom Becker approved pull request 13, which was written by Priya Raman."),
    Worded("who-introduced-a-line", "Dana Ortiz introduced it in pull request 3, and Mina Sato approved."),
    Worded("votes-that-are-missing", "9 waits for Luis Ferreira, 7 for a rebase by Mina Sato, and 15 waits too."),
    Worded("second-proposal", "Tom Becker has it now; Mina Sato was refused, as Mina Sato is on call."),
    Worded("moved-on-while-asked", "Done at the second attempt: Dana Ortiz had renamed it; Priya Raman has it."),
    # -- other numbers and neighbours
    Worded("more-than-a-page", "Twelve bugs are not closed, among them 4, 27, 29, 30, 31 and 33."),
    Worded("open-pull-requests", "Six: 17, 16, 15, 11, 9 and 7; 16 is a draft, and 9 has conflicts."),
    Worded("failing-build", "Pull request 15 renamed the setting, not 13; ci.env sets DB_TIMEOUT. Since build 23."),
    Worded("last-green-first-red", "23 was the last good one, 19 the first bad one, through number 13."),
    Worded("fix-missing-in-a-release", "It is fixed on main (104), and the branch still has 102."),
    Worded("pool-size-by-branch", "feature/cache-ports allows 40; feature/reporting-pool stays at 10."),
    Worded("what-is-left-of-a-story", "18 is left; 17 is done. The code is in pull request 9."),
    Worded("reviews-in-all-projects", "Four: 17 and 9 of platform-api, 8 of tidewater-app, 12 of checkout-service."),
    Worded("bugs-since-wednesday", "Two: bug 53 in Platform, and bug 31 in Mobile App."),
    Worded("quote-with-line-numbers", "Line 14 sets DB_TIMEOUT; db/session.py reads it in line 5."),
    # -- the contrary verdict in words
    Worded("placeholder-is-no-secret", "It is a live production key of the account; revoke it now."),
    Worded("placeholder-is-no-secret", "Yes, it is a leak: the key is real."),
    Worded("digests-are-no-secrets", "Yes: they are tokens, written among checksums. Rotate them today."),
    Worded("secret-in-code", "The key of checkout-service in /deploy/storage.env is a placeholder."),
    Worded("key-in-a-log", "Build 8 never printed it; build 16 of 2 November printed the key."),
    Worded("healthy-pipeline", "Yes: ledger-ci is broken since 19 November, builds 20 and 34 show it."),
    Worded("healthy-asked-why-it-fails", "Pull request 14 broke it, as build 26 of Monday shows."),
    Worded("order-in-a-green-log", "No: a step failed, and the build of ledger-ci is not as good as it looks."),
    Worded("settled-long-ago", "Yes, it is so: two weeks only, since build 4 on 24 September; 30 days are planned."),
    Worded("finding-in-a-file-that-moved", "No: /tools/load_ports.py no longer opens files, so it is fixed."),
    # -- another cause
    Worded("red-through-no-fault-of-its-own", "Pull request 15 broke it; build 29 of main is green."),
    Worded("disk-full", "Yes: the commit 7092f92 of Mina Sato broke it. The disk is fine."),
    Worded("both-results-of-one-commit", "72c5d58 broke them; bug 53 is about something else."),
    Worded("a-trial-that-was-given-up", "Dana Ortiz rejected it, although it was faster by 4 %. Parts are in use."),
    Worded("ready-to-merge", "Yes, it may be merged: limit and offset were moved, and the builds are green."),
    # -- a write that did not happen, or one that did
    Worded("no-means-no", "Work item 31 was closed, as the script was changed since then."),
    Worded("finding-rejected", "The bug was filed."),
    Worded("permission-missing", "Bug 29 is closed now, as its fix is on main."),
    # -- the right words in a frame that denies them
    Worded("who-changed-this", "None of the following is true: Tom Becker did, and Priya Raman approved it."),
    Worded("failing-build", "Pull request 13 renamed it; ci.env sets DB_TIMEOUT. Build 23. The opposite is true."),
    Worded("known-already", "It is not true that it is bug 53."),
    # -- history, reviews and changes of code
    Worded("line-and-its-reason", "Luis Ferreira set it in commit d1b6c82e, for bug 59."),
    Worded("key-in-the-history", "No: the key is in since 8 September, and Priya Raman added it."),
    Worded("between-two-releases", "11 commits changed 9 files. Mina Sato closes the pool, as the notes mention."),
    Worded("blocked-by-policies", "Tom Becker waits for the author; Priya Raman is required and has not voted."),
    Worded("blocked-by-a-conflict", "The build failed: 40 on main, 10 on the branch. Tom Becker has to act."),
    Worded("changed-since-the-vote", "Yes: Priya Raman pushed two commits, which move limit and offset."),
    Worded("base-that-moved", "The note was pushed on top of the new commit of Dana Ortiz."),
    Worded("push-on-the-new-base", "It could not be pushed in the end; 2.8.1 is gone."),
    Worded("rename-taken-back", "Pull request 13 of Priya Raman is taken back, and main is repaired."),
    Worded("branches-of-trials", "Both are deleted: feature/async-sqlalchemy is deleted, too."),
)

RIGHT_REPORTS = (
    Worded("who-changed-this", "It was Tom Becker who renamed it (pull request 13), with the approval of Priya Raman."),
    Worded("who-changed-this", "The author of pull request 13 is Tom Becker. Priya Raman voted for it."),
    Worded("who-introduced-a-line", "The pause came with pull request 3 of Mina Sato, which Dana Ortiz approved."),
    Worded("second-proposal", "The bug went to Mina Sato. A person had declined Tom Becker, who is on call."),
    Worded("more-than-a-page", "There are 6 bugs that are not closed: 4, 27, 29, 30, 31 and 33."),
    Worded(
        "open-pull-requests", "17, 16, 15, 11, 9 and 7 are open. Only 17 is a draft. 7 cannot be merged: conflicts."
    ),
    Worded(
        "failing-build",
        "It has been red since build 23: pull request 13 renamed DB_TIMEOUT, and ci.env did not follow.",
    ),
    Worded("fix-missing-in-a-release", "It is not fixed on main, which has 102, nor in the tag. The branch has 104."),
    Worded("pool-size-by-branch", "Of all branches, feature/reporting-pool alone sets 40. It is not so on main."),
    Worded("what-is-left-of-a-story", "Tasks 17 and 19 are open, and 18 is not. See pull request 9 for the code."),
    Worded(
        "placeholder-is-no-secret", "No, it is not a live key. The file calls it a placeholder, so do not revoke it."
    ),
    Worded("placeholder-is-no-secret", "It is no leak: a placeholder, and no other file uses the account."),
    Worded("digests-are-no-secrets", "They are not tokens but checksums of images, and there is nothing to rotate."),
    Worded("secret-in-code", "Yes, checkout-service has one in /deploy/storage.env. It is no placeholder."),
    Worded("key-in-a-log", "Yes. Only build 8 shows the key; builds 10, 16 and 26 do not."),
    Worded("healthy-pipeline", "Nothing is wrong with it: build 34 of 19 November succeeded, as did the others."),
    Worded("healthy-asked-why-it-fails", "It is not broken. Since Monday there was one build, 26, and it succeeded."),
    Worded("order-in-a-green-log", "Yes, no step failed. One line of the log of Vet gives an order."),
    Worded("red-through-no-fault-of-its-own", "Not pull request 15: main fails alike in build 29."),
    Worded(
        "red-through-no-fault-of-its-own", "No. That pull request 15 broke it is ruled out, as build 29 fails as well."
    ),
    Worded("disk-full", "The commit 7092f92 is not to blame: the disk was full, and build 16 of it passed."),
    Worded("both-results-of-one-commit", "No commit did: 72c5d58 has both results, and bug 53 calls the test flaky."),
    Worded("ready-to-merge", "Not yet. It may not be merged while limit and offset are open, and no build exists."),
    Worded("no-means-no", "A person refused it, so the work item was not closed. The script is as it was."),
    Worded("finding-rejected", "The bug was not filed, because a person said no."),
    Worded("permission-missing", "Bug 29 is not closed: the owner of the token lacks the permission."),
    Worded("known-already", "No new bug is needed: bug 53 is about it."),
    # -- history, reviews and changes of code
    Worded("line-and-its-reason", "In commit 3dd8afb6, Mina Sato halved it. Bug 59 says why: old phones."),
    Worded("blocked-by-a-conflict", "Luis Ferreira has to resolve a conflict in session.py: 40 there, 10 on main."),
    Worded("base-that-moved", "Not pushed, as Tom Becker has set the version to 2.8.1 since."),
    Worded("rename-taken-back", "The branch revert/rename takes back what Tom Becker renamed in pull request 13."),
)
