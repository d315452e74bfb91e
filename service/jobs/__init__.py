"""Batch jobs: dumps that are tagged beside the requests, in processes that may be killed at any moment.

    folders     the files of a job: what came in, what goes out, what was left out
    allowed     files that a job may name by path, and no others
    order       what a process is told to do, and what it tells
    process     the process that tags one dump, through `service.pipeline`
    shift       one job from claim to end: a process is started, watched, and started again
    foreman     takes jobs out of the store while there is room, and clears away what is over

The store says which job is whose, and for how long (`service.store.jobs`); the pipeline's record beside
the output says where to go on. A process ends when the server that started it does.
"""
