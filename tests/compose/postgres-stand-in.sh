#!/bin/sh
# What of the postgres image's entry point the compose file relies on; Debian's PostgreSQL does the work.
set -eu
data=/var/lib/postgresql/data
bin=$(echo /usr/lib/postgresql/*/bin)
mkdir -p "$data" /var/run/postgresql
chown -R postgres "$data" /var/run/postgresql
chmod 700 "$data"
if [ ! -s "$data/PG_VERSION" ]; then
  cp "$POSTGRES_PASSWORD_FILE" /tmp/password
  chown postgres /tmp/password
  setpriv --reuid postgres --clear-groups "$bin/initdb" -D "$data" -U "$POSTGRES_USER" -A scram-sha-256 \
    -E UTF8 --locale=C.UTF-8 --auth-local=trust --pwfile=/tmp/password >/dev/null
  rm /tmp/password
  echo "host all all all scram-sha-256" >>"$data/pg_hba.conf"
  setpriv --reuid postgres --clear-groups "$bin/pg_ctl" -D "$data" -w -o "-c listen_addresses=" start >/dev/null
  setpriv --reuid postgres --clear-groups "$bin/createdb" -U "$POSTGRES_USER" "$POSTGRES_DB"
  setpriv --reuid postgres --clear-groups "$bin/pg_ctl" -D "$data" -w -m fast stop >/dev/null
fi
exec setpriv --reuid postgres --clear-groups "$bin/postgres" -D "$data" -c listen_addresses='*'
