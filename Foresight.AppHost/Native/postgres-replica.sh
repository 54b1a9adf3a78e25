# A streaming standby of $PRIMARY_HOST:$PRIMARY_PORT in $PGDATA, with a replication slot of its own, named after $STANDBY_NAME. Runs in
# the postgres image and over native programs alike; may be stopped and started at any time, and starts over when what it has cannot
# follow the primary any more.
set -euo pipefail

slot=${STANDBY_NAME//-/_}
export PGHOST=$PRIMARY_HOST PGPORT=$PRIMARY_PORT PGUSER=postgres PGPASSWORD
# Whoever listens at the port of a primary that is down is given no password. Read by libpq from version 16 on.
export PGREQUIREAUTH=scram-sha-256

# In the image we begin as root, which Postgres refuses.
as=()
if [ "$(id -u)" = 0 ]; then
  mkdir -p "$PGDATA"
  chown postgres "$PGDATA"
  chmod 700 "$PGDATA"
  as=(gosu postgres)
fi

serve() {
  exec "${as[@]}" postgres -D "$PGDATA" -c listen_addresses="${HOST:-*}" -p "${PORT:-5432}" -c unix_socket_directories= "$@"
}

# Promoted, it is the primary and follows nobody, least of all the old one.
if [ -e "$PGDATA/.copied" ] && [ ! -e "$PGDATA/standby.signal" ]; then
  serve
fi

sql() { psql -d postgres -v ON_ERROR_STOP=1 -qAtX -c "$1"; }

start_over() {
  echo "Copying the primary: $1"
  "${as[@]}" find "$PGDATA" -mindepth 1 -delete
  "${as[@]}" pg_basebackup -D "$PGDATA" --checkpoint=fast -R -X stream -S "$slot"
  "${as[@]}" touch "$PGDATA/.copied"
}

# The primary of the image lets no other host replicate.
sql "DO \$do\$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_hba_file_rules WHERE 'replication' = ANY (database) AND type = 'host' AND address = 'all') THEN
    EXECUTE format('COPY (SELECT ''host replication all all scram-sha-256'') TO PROGRAM %L',
      format('cat >> %s', quote_literal(current_setting('hba_file'))));
    PERFORM pg_reload_conf();
  END IF;
END \$do\$"

# A slot that fell too far behind is of no use any more.
sql "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots
  WHERE slot_name = '$slot' AND wal_status = 'lost' AND NOT active" >/dev/null
new_slot=$(sql "SELECT pg_create_physical_replication_slot('$slot', true)
  WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = '$slot')")

if [ ! -e "$PGDATA/.copied" ]; then
  start_over "there is no finished copy yet"
elif [ -n "$new_slot" ]; then
  start_over "the primary has no slot of ours, so it may have let go of what we miss"
elif ! mine=$("${as[@]}" pg_controldata "$PGDATA" | sed -n 's/^Database system identifier: *//p') \
  || [ "$mine" != "$(sql 'SELECT system_identifier FROM pg_control_system()')" ]; then
  start_over "our copy is unreadable or of another primary"
fi

# With SYNC_STANDBY=on each commit of the primary waits until we have it on disk. The operator's way out while we are away:
# ALTER SYSTEM RESET synchronous_standby_names there. In our copy the setting would make us wait for ourselves once we are promoted.
case ${SYNC_STANDBY:-} in
  on) sql "ALTER SYSTEM SET synchronous_standby_names = '\"$STANDBY_NAME\"'" ;;
  off) sql "ALTER SYSTEM RESET synchronous_standby_names" ;;
esac
sql "SELECT pg_reload_conf()" >/dev/null
"${as[@]}" sed -i '/^synchronous_standby_names/d' "$PGDATA/postgresql.auto.conf"

# Given here rather than taken from the copy: the primary's address may have changed since. The password stays in the environment.
serve -c primary_conninfo="host=$PGHOST port=$PGPORT user=$PGUSER application_name=$STANDBY_NAME" -c primary_slot_name="$slot"
