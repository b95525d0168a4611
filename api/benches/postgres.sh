#!/usr/bin/env bash
# The usual way, for comparison: PostgreSQL with an audit table, plain and with a hash-chain trigger, on this machine.
# Needs Debian's `postgresql`; uses a cluster of its own in a temporary directory, on a Unix socket only. Prints one row a figure.
set -euo pipefail
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -n 1)
[ -n "$bin" ] && [ -x "$bin/pgbench" ] || { echo "PostgreSQL is not installed; nothing to compare with"; exit 0; }
dir=$(mktemp -d)
chmod 755 "$dir"
as=()
if [ "$(id -u)" -eq 0 ]; then as=(runuser -u postgres --); chown postgres "$dir"; fi
stop() { [ -s "$dir/err" ] && head -3 "$dir/err" >&2; "${as[@]}" "$bin/pg_ctl" -D "$dir/db" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$dir"; }
trap stop EXIT
cd "$dir"
"${as[@]}" "$bin/initdb" -D "$dir/db" -A trust -U postgres >/dev/null
"${as[@]}" "$bin/pg_ctl" -D "$dir/db" -w -l "$dir/log" \
    -o "-k $dir -c listen_addresses='' -c max_connections=300 -c synchronous_commit=on -c fsync=on -c shared_buffers=256MB" start >/dev/null
sql() { "$bin/psql" -q -h "$dir" -U postgres "$@"; }
sql <<'SQL'
create table plain (id bigserial primary key, at timestamptz not null default now(), actor text, type text, object text, data jsonb);
create table chained (id bigserial primary key, at timestamptz not null default now(), actor text, type text, object text, data jsonb, prev bytea, hash bytea);
create table head (one bool primary key default true, hash bytea);
insert into head values (true, '\x00');
create function chain() returns trigger language plpgsql as $$
begin
  select hash into new.prev from head for update;
  new.hash := sha256(new.prev || convert_to(new.actor || new.type || new.object || new.data::text || new.at::text, 'UTF8'));
  update head set hash = new.hash;
  return new;
end $$;
create trigger chain before insert on chained for each row execute function chain();
SQL
for table in plain chained; do
    echo "insert into $table (actor, type, object, data) values ('per_0190', 'access.role_granted', 'grt_0190', '{\"role\":\"auditor\",\"pad\":\"$(head -c 400 /dev/zero | tr '\0' x)\"}');" >"$dir/$table.sql"
    for clients in 1 16 64 256; do
        "$bin/pgbench" -n -h "$dir" -U postgres -f "$dir/$table.sql" -c "$clients" -j 2 -T "${SECONDS_EACH:-4}" -M prepared postgres 2>"$dir/err" |
            awk -v table="$table" -v clients="$clients" '/^latency average/ {latency = $4} /^tps/ {printf "| %s | %s | %.0f | %.1f ms |\n", table, clients, $3, latency}'
    done
done
