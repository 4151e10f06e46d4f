"""Backups: made, listed, checked, pruned, restored. The only room that starts pg_dump, pg_restore and pg_dumpall.

A backup is a folder of the target, named by the UTC time at which it was begun:

    <target>/2026-11-23T02-03-11Z/
        dump/                 pg_dump's directory format
        globals.sql           roles, without passwords
        models/               the workspace's models
        configuration.toml    without secrets
        manifest.json         what was backed up, and size and SHA-256 of every file above
        verified.json         how far it was checked, and when; rewritten by every check

While it is made its name ends in `.partial` and it does not count. `place` knows the target, `manifest` the manifest, `tool` PostgreSQL's
programs. Rows are counted and hashed by `store.fingerprint`; what needs both rooms is put together in `desk`.
"""
