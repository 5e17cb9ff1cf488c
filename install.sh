#!/bin/sh
# Installs Greylag, a greylisting policy server for Postfix:
#
#     curl -fsSL https://github.com/greylag/greylag/releases/latest/download/install.sh | sh
#
# `sh -s -- --help` lists the options. Everything is in functions, and the last line calls them: a
# truncated download does nothing.
set -eu

BASE_URL=https://github.com/greylag/greylag/releases
USER_NAME=greylag
STATE=/var/lib/greylag
CONFIG=/etc/greylag/greylag.toml
UNIT=/etc/systemd/system/greylag.service
# Changes of main.cf and master.cf, for --uninstall.
POSTFIX_CHANGES=/etc/greylag/postfix-changes.json
# Whether postgrey was enabled when greylag took over, for --uninstall.
POSTGREY_STATE=/etc/greylag/postgrey-taken-over
READY_TIME=15s

usage() {
  cat <<'END'
Usage: install.sh [OPTIONS]

As root: installs the executable to /usr/local/bin, creates the user greylag, /var/lib/greylag,
/etc/greylag/greylag.toml and the systemd unit, and starts the service. As another user: installs the
executable to ~/.local/bin and nothing else. Run it again to upgrade; it rolls back if the new version
does not start.

  --version VERSION     install this version (default: the latest)
  --prefix DIRECTORY    install to DIRECTORY/bin
  --base-url URL        download from below URL; also GREYLAG_BASE_URL
  --from FILE           install this executable (also as .xz or .gz); verify it if SHA256SUMS is beside it
  --no-service          install only the executable and the manual page
  --configure-postfix   add the policy check to main.cf and to services of master.cf that override it;
                        keep copies as main.cf.greylag-DATE and master.cf.greylag-DATE
  --replace-check ENDPOINT
                        with --configure-postfix: replace the check of this policy service, written as in
                        main.cf. Without it only a greylisting server that no longer runs is replaced
  --learn-outbound      with --configure-postfix: let the submission services call greylag as well, so
                        that replies to your users are not delayed
  --take-over-postgrey  import the database of postgrey, stop and disable it, and listen on its port
  --dry-run             print the steps without doing them
  --uninstall           remove everything except settings and data; undo the changes of Postfix and
                        start postgrey again. Refused while Postfix calls greylag by lines that
                        install.sh did not write: --configure-postfix removes them
  --purge               with --uninstall: remove settings and data as well
  --help                show this
END
}

say() { printf '%s\n' "$*"; }
warn() { printf 'install.sh: %s\n' "$*" >&2; }
die() {
  warn "$*"
  exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

# Runs a command, or with --dry-run prints it.
run() {
  if [ "$dry_run" = yes ]; then
    say "would run: $*"
  else
    "$@"
  fi
}

need_value() { [ -n "${2-}" ] || die "$1 needs a value; see --help"; }

parse() {
  version='' prefix='' from='' replaced='' service=yes configure=no outbound=no take_over=no
  dry_run=no action=install purge=no
  base=${GREYLAG_BASE_URL-}
  while [ $# -gt 0 ]; do
    case $1 in
      --version | --prefix | --base-url | --from | --replace-check)
        need_value "$1" "${2-}"
        case $1 in
          --version) version=${2#v} ;;
          --prefix) prefix=$2 ;;
          --base-url) base=$2 ;;
          --from) from=$2 ;;
          --replace-check) configure=yes replaced=$2 ;;
        esac
        shift
        ;;
      --version=*) version=${1#*=} version=${version#v} ;;
      --prefix=*) prefix=${1#*=} ;;
      --base-url=*) base=${1#*=} ;;
      --from=*) from=${1#*=} ;;
      --no-service) service=no ;;
      --configure-postfix) configure=yes ;;
      --replace-check=*) configure=yes replaced=${1#*=} ;;
      --learn-outbound) configure=yes outbound=yes ;;
      --take-over-postgrey) take_over=yes ;;
      --dry-run) dry_run=yes ;;
      --uninstall) action=uninstall ;;
      --purge) purge=yes ;;
      --help | -h)
        usage
        exit 0
        ;;
      *) die "unknown option $1; see --help" ;;
    esac
    shift
  done
  case $version in *[!0-9A-Za-z.+-]*) die "invalid version \"$version\"" ;; esac
  [ "$purge" = no ] || [ "$action" = uninstall ] || die "--purge needs --uninstall"
  if [ "$(id -u)" = 0 ]; then
    root=yes
    : "${prefix:=/usr/local}"
  else
    root=no
    : "${prefix:=${HOME:?}/.local}"
    [ "$configure" = no ] || die "--configure-postfix needs root: run it as root"
    [ "$take_over" = no ] || die "--take-over-postgrey needs root: run it as root"
  fi
  case $prefix in
    /*) ;;
    *) die "--prefix needs an absolute path, not $prefix" ;;
  esac
  bin=$prefix/bin
  target=$bin/greylag
  if [ "$root" = no ]; then service=no; fi
  if [ -n "$from" ] && [ ! -f "$from" ]; then die "file not found: $from"; fi
}

# Sets $file to the name of this system's executable.
detect() {
  case $(uname -s) in
    Linux) os=linux ;;
    Darwin) os=darwin ;;
    *) die "no executable for $(uname -s): run greylag from source, see the README" ;;
  esac
  case $(uname -m) in
    x86_64 | amd64) machine=x86_64 ;;
    aarch64 | arm64) machine=aarch64 ;;
    *) die "no executable for $(uname -m): run greylag from source, see the README" ;;
  esac
  if [ "$os" = linux ]; then
    libc=$(getconf GNU_LIBC_VERSION 2>/dev/null) || libc=''
    case $libc in
      'glibc 2.'*)
        minor=${libc#glibc 2.}
        minor=${minor%%.*}
        [ "$minor" -ge 27 ] || die "$libc is too old: greylag needs glibc 2.27 or later"
        ;;
      *) die "no glibc found (musl?): greylag needs glibc 2.27 or later" ;;
    esac
  fi
  file=greylag-$os-$machine
}

fetch() {
  if have curl; then
    curl -fsSL --retry 2 --proto-redir =https,http -o "$2" "$1"
  elif have wget; then
    wget -q -O "$2" "$1"
  else
    die "curl or wget not found: install one of them, or use --from FILE"
  fi
}

sum_of() {
  if have sha256sum; then
    sha256sum <"$1" | cut -d ' ' -f 1
  elif have shasum; then
    shasum -a 256 <"$1" | cut -d ' ' -f 1
  elif have openssl; then
    openssl dgst -sha256 -r <"$1" | cut -d ' ' -f 1
  else
    die "sha256sum, shasum or openssl not found: install one of them to verify the download"
  fi
}

# verify FILE NAME SUMS
verify() {
  wanted=$(awk -v name="$2" '$2 == name || $2 == "*" name { print $1 }' "$3")
  [ -n "$wanted" ] || die "no checksum of $2 in SHA256SUMS: nothing was changed"
  got=$(sum_of "$1")
  [ "$got" = "$wanted" ] || die "wrong checksum of $2 ($got instead of $wanted): nothing was changed"
}

# The program that unpacks an archive of a suffix; empty if there is none.
unpacker_of() {
  case $1 in
    xz)
      if have xz; then
        echo "xz -dc"
      elif have unxz; then
        echo "unxz -c"
      elif have busybox && busybox unxz --help >/dev/null 2>&1; then
        echo "busybox unxz -c"
      fi
      ;;
    gz) ! have gzip || echo "gzip -dc" ;;
  esac
}

# unpack SOURCE SUFFIX TARGET
unpack() {
  unpacker=$(unpacker_of "$2")
  [ -n "$unpacker" ] ||
    die "cannot unpack $1: install $([ "$2" = xz ] && echo xz-utils || echo gzip). Nothing was changed"
  $unpacker <"$1" >"$3" || die "cannot unpack $1: is the disk full? Nothing was changed"
}

# The archive of $file that SHA256SUMS lists and a program unpacks: .xz has 26 MB, .gz 37 MB.
archive_of() {
  for suffix in xz gz; do
    if [ -n "$(unpacker_of "$suffix")" ] && grep -q " [ *]$file.$suffix\$" "$1"; then
      echo "$suffix"
      return
    fi
  done
  echo gz
}

# Puts the new executable at $new, in the directory of the old one, so that a rename can replace it.
obtain() {
  new=$bin/.greylag.new.$$
  packed=$bin/.greylag.new.packed.$$
  sums=$bin/.greylag.new.sums.$$
  if [ -n "$from" ]; then
    file=$(basename "${from%.[gx]z}")
    case $from in
      *.gz | *.xz) unpack "$from" "${from##*.}" "$new" ;;
      *) cp "$from" "$new" || die "cannot copy $from to $bin: is the disk full? Nothing was changed" ;;
    esac
    if [ -f "$(dirname "$from")/SHA256SUMS" ]; then
      verify "$new" "$file" "$(dirname "$from")/SHA256SUMS"
    fi
  else
    if [ -n "$base" ]; then
      url=${base%/}
    elif [ -n "$version" ]; then
      url=$BASE_URL/download/v$version
    else
      url=$BASE_URL/latest/download
    fi
    fetch "$url/SHA256SUMS" "$sums" || die "cannot download $url/SHA256SUMS: nothing was changed"
    suffix=$(archive_of "$sums")
    say "downloading $url/$file.$suffix"
    fetch "$url/$file.$suffix" "$packed" ||
      die "cannot download $url/$file.$suffix: nothing was changed"
    verify "$packed" "$file.$suffix" "$sums"
    unpack "$packed" "$suffix" "$new"
    rm -f "$packed"
    verify "$new" "$file" "$sums"
  fi
  chmod 755 "$new"
  found=$("$new" version 2>/dev/null) || die "the downloaded greylag does not run on this system: nothing was changed"
  say "new version: $found"
  if [ -n "$version" ]; then
    case $found in
      "greylag $version "*) ;;
      *) die "found $found instead of version $version: nothing was changed" ;;
    esac
  fi
}

# Removes what an interrupted run left in $bin; a name ends with the process id of its run.
sweep() {
  for left in "$bin"/.greylag.new.* "$bin"/.greylag.old.*; do
    [ -e "$left" ] || continue
    kill -0 "${left##*.}" 2>/dev/null || rm -f "$left"
  done
}

clean_up() {
  rm -f "${new-}" "${packed-}" "${sums-}"
  [ -z "${work-}" ] || rm -rf "$work"
}

# Makes $work, a directory for temporary files.
make_work() {
  [ -z "${work-}" ] || return 0
  work=$(mktemp -d) || die "cannot create a temporary directory"
}

# The endpoints of a setting, one a line, as the executable $1 reads them.
endpoints_of() {
  "$1" config 2>/dev/null | sed -n "s/^$2 = \[*\([^]#]*\).*/\1/p" | tr -d '" ' | tr ',' '\n' |
    sed 's/^inet:\([0-9]*\)$/inet:127.0.0.1:\1/'
}

# Lines "PID NAME" of the programs that listen on a TCP port.
holders_of() {
  have ss || return 0
  ss -Hltnp "sport = :$1" |
    sed -n 's/.*users:(("\([^"]*\)",pid=\([0-9]*\).*/\2 \1/p'
}

is_postgrey() { tr '\0' ' ' <"/proc/$1/cmdline" 2>/dev/null | grep -q postgrey; }

# The process of the service, if it runs.
service_pid() {
  has_systemd || return 0
  pid=$(systemctl show -p MainPID --value greylag 2>/dev/null) || return 0
  [ "${pid:-0}" = 0 ] || say "$pid"
}

# check_port PORT SETTING: fails if another program has the port of a listener; names it for the page.
check_port() {
  holders_of "$1" >"$work/holders"
  while read -r pid name; do
    if [ "$pid" = "$(service_pid)" ]; then continue; fi
    if is_postgrey "$pid"; then
      [ "$take_over" = no ] || continue
      die "port $1 is taken by postgrey (process $pid), nothing was changed. --take-over-postgrey imports its database and takes its port; or set another \`listen\` in $CONFIG"
    fi
    case $2 in
      listen) die "port $1 is taken by $name (process $pid), nothing was changed. Stop it, or set another \`listen\` in $CONFIG" ;;
      *) warn "port $1 of the status page is taken by $name (process $pid): set another \`status\` in $CONFIG. Mail is not affected" ;;
    esac
  done <"$work/holders"
}

# Before anything changes: the settings are valid, and the ports are free.
check_ports() {
  make_work
  listens='inet:127.0.0.1:10023' pages='inet:127.0.0.1:10623'
  if [ -n "$1" ]; then
    "$1" config >/dev/null 2>"$work/check" ||
      die "the settings are not valid, nothing was changed: $(cat "$work/check")"
    found=$(endpoints_of "$1" listen)
    listens=${found:-$listens}
    found=$(endpoints_of "$1" status)
    pages=${found:-$pages}
  fi
  for endpoint in $listens; do
    case $endpoint in inet:*) check_port "${endpoint##*:}" listen ;; esac
  done
  for endpoint in $pages; do
    case $endpoint in inet:*) check_port "${endpoint##*:}" status ;; esac
  done
}

# Reads Debian's options of postgrey; sets $postgrey_dir.
postgrey_options() {
  POSTGREY_OPTS='' POSTGREY_TEXT=''
  # shellcheck disable=SC1091 # Debian's file
  if [ -r /etc/default/postgrey ]; then . /etc/default/postgrey; fi
  postgrey_dir=/var/lib/postgrey
  for option in $POSTGREY_OPTS; do
    case $option in --dbdir=*) postgrey_dir=${option#*=} ;; esac
  done
}

# Before anything changes: what --take-over-postgrey needs.
check_postgrey() {
  [ "$take_over" = yes ] || return 0
  has_systemd || die "--take-over-postgrey needs systemd: import the database by hand, see \`greylag help import\`"
  postgrey_options
  [ -f "$postgrey_dir/postgrey.db" ] || die "no database of postgrey in $postgrey_dir: nothing was changed"
  have db_dump || die "db_dump not found, nothing was changed. Install it (Debian: apt-get install db-util) to read postgrey's database"
}

# Sets the settings of postgrey's options, its endpoint and its list files where they have no value yet.
adopt_postgrey_settings() {
  if [ -n "$POSTGREY_TEXT" ]; then set -- "--greylist-text=$POSTGREY_TEXT"; else set --; fi
  # shellcheck disable=SC2086 # several options
  "$target" config $POSTGREY_OPTS "$@" 2>/dev/null | sed -n 's/ *# flag .*//p' |
    grep -v '^database ' >"$work/settings" || true
  for kind in clients recipients; do
    files=''
    for path in /etc/postgrey/whitelist_$kind /etc/postgrey/whitelist_$kind.local; do
      [ ! -f "$path" ] || files="$files${files:+, }\"$path\""
    done
    [ -z "$files" ] || say "whitelist_$kind = [$files]" >>"$work/settings"
  done
  while read -r line; do
    # An option of postgrey comes first and takes the place of its standard list files.
    grep -q "^${line%% *} *=" "$CONFIG" "$work/adopted" 2>/dev/null || say "$line" >>"$work/adopted"
  done <"$work/settings"
  [ -e "$work/adopted" ] || return 0
  { say "" && say "# From postgrey" && cat "$work/adopted"; } >>"$CONFIG"
}

# Dumps postgrey's database, with the pages that it has not written yet, and stops it.
stop_postgrey() {
  [ "$take_over" = yes ] || return 0
  if [ "$dry_run" = yes ]; then
    say "would import $postgrey_dir/postgrey.db, stop and disable postgrey"
    return
  fi
  adopt_postgrey_settings
  if [ ! -e "$POSTGREY_STATE" ]; then
    {
      if systemctl is-enabled --quiet postgrey 2>/dev/null; then say enabled; fi
      if systemctl is-active --quiet postgrey; then say active; fi
    } >"$POSTGREY_STATE"
  fi
  systemctl stop postgrey
  for name in postgrey postgrey_clients; do
    [ -f "$postgrey_dir/$name.db" ] || continue
    if ! db_dump -h "$postgrey_dir" -p "$name.db" >"$work/$name"; then
      restore_postgrey
      die "cannot read $postgrey_dir/$name.db: postgrey runs again, nothing else was changed"
    fi
  done
  systemctl disable postgrey
  say "stopped and disabled postgrey"
}

# Starts postgrey again, as it was before.
restore_postgrey() {
  [ -e "$POSTGREY_STATE" ] || return 0
  if grep -q enabled "$POSTGREY_STATE"; then run systemctl enable postgrey || true; fi
  if grep -q active "$POSTGREY_STATE"; then
    run systemctl start postgrey || warn "cannot start postgrey; see: journalctl -u postgrey"
  fi
  run rm -f "$POSTGREY_STATE"
}

import_postgrey() {
  if [ "$take_over" = no ] || [ "$dry_run" = yes ]; then return 0; fi
  set --
  for name in postgrey postgrey_clients; do
    [ ! -s "$work/$name" ] || set -- "$@" "$work/$name"
  done
  [ $# -gt 0 ] || return 0
  "$target" import postgrey "$@" || warn "a part of postgrey's database was not imported, see above"
}

make_user() {
  id "$USER_NAME" >/dev/null 2>&1 && return
  say "creating the user $USER_NAME"
  if have useradd; then
    run useradd --system --user-group --no-create-home --home-dir "$STATE" \
      --shell /usr/sbin/nologin "$USER_NAME"
  elif have adduser; then
    run adduser -S -D -H -h "$STATE" -s /sbin/nologin "$USER_NAME"
  else
    die "useradd or adduser not found: create the user $USER_NAME and run this again"
  fi
}

make_directories() {
  run mkdir -p "$STATE" "$(dirname "$CONFIG")"
  run chown "$USER_NAME:$USER_NAME" "$STATE"
  run chmod 700 "$STATE"
  # A chrooted Postfix reaches a socket here; its group may enter.
  if [ -d /var/spool/postfix ] && getent group postfix >/dev/null 2>&1; then
    run mkdir -p /var/spool/postfix/greylag
    run chown "$USER_NAME:postfix" /var/spool/postfix/greylag
    run chmod 2750 /var/spool/postfix/greylag
  fi
  [ -e "$CONFIG" ] && return
  if [ "$dry_run" = yes ]; then
    say "would write $CONFIG"
    return
  fi
  cat >"$CONFIG" <<'END'
# Greylag's settings. `greylag config` shows all of them, `greylag help serve` explains them.
# After a change: systemctl reload greylag

# A Unix socket for a chrooted smtpd (Debian), besides the port:
# listen = ["inet:127.0.0.1:10023", "unix:/var/spool/postfix/greylag/policy"]

# Log decisions without delaying mail:
# mode = "shadow"
END
  chmod 644 "$CONFIG"
}

# Writes a file that greylag itself prints.
write_printed() {
  path=$1
  shift
  if [ "$dry_run" = yes ]; then
    say "would write $path"
    return
  fi
  mkdir -p "$(dirname "$path")"
  "$target" "$@" >"$path.new" || die "cannot write $path: is the disk full?"
  mv -f "$path.new" "$path"
}

# Whether Debian's package is installed.
has_package() {
  have dpkg-query || return 1
  [ "$(dpkg-query -W -f '${db:Status-Status}' greylag 2>/dev/null)" = installed ]
}

# Fails rather than change what belongs to Debian's package.
refuse_package() {
  if has_package; then
    die "greylag is installed as a Debian package: upgrade it with apt-get install, or remove it first with apt-get remove greylag. Nothing was changed"
  fi
}

has_systemd() { [ -d /run/systemd/system ] && have systemctl; }

# Whether the daemon is ready, at the address in its settings.
is_ready() { "$target" ready --wait="$1" >/dev/null 2>&1; }

# Replaces the executable; $old stays until the new one is ready.
replace() {
  old=''
  if [ -e "$target" ]; then
    old=$bin/.greylag.old.$$
    cp -p "$target" "$old" || die "no space to keep the old version: nothing was changed"
  fi
  mv -f "$new" "$target"
}

roll_back() {
  warn "the new version is not ready after $READY_TIME ($cause); rolling back"
  mv -f "$old" "$target"
  old=''
  "$target" unit --executable "$target" >"$UNIT.new" && mv -f "$UNIT.new" "$UNIT"
  systemctl daemon-reload
  systemctl restart greylag
  if is_ready "$READY_TIME"; then
    die "the old version is running again; see: journalctl -u greylag"
  fi
  die "the old version is not ready either; mail passes; see: journalctl -u greylag"
}

# Why systemd thinks that the service does not run, and the last errors in the journal, on one line.
journal_errors() {
  if ! systemctl is-active --quiet greylag; then
    systemctl show -p Result -p ExecMainStatus greylag 2>/dev/null | tr '\n' ' '
  fi
  have journalctl || return 0
  journalctl -u greylag -p warning -n 3 -o cat --no-pager 2>/dev/null | tr '\n' ' '
}

start_service() {
  is_first=no
  [ -e "$UNIT" ] || is_first=yes
  write_printed "$UNIT" unit --executable "$target"
  if ! has_systemd; then
    warn "systemd is not running, service not started: run $target serve"
    return
  fi
  run systemctl daemon-reload
  if [ "$is_first" = yes ]; then
    run systemctl enable greylag
  elif ! systemctl is-enabled --quiet greylag 2>/dev/null; then
    say "the service is disabled and stays so"
    [ -n "$(service_pid)" ] || return 0
  fi
  run systemctl restart greylag || true
  [ "$dry_run" = no ] || return 0
  if is_ready "$READY_TIME"; then return; fi
  cause=$("$target" ready 2>&1) || true
  # A service that was not ready before is no worse now.
  if [ -n "$old" ] && [ "$was_ready" = yes ]; then roll_back; fi
  if [ "$take_over" = yes ]; then
    systemctl stop greylag
    restore_postgrey
    warn "postgrey runs again"
  fi
  die "greylag is not ready after $READY_TIME; mail passes meanwhile. $cause $(journal_errors)See: journalctl -u greylag"
}

# Whether the service runs the executable that is installed: an upgrade may have been interrupted
# between its replacement and the restart.
runs_installed() {
  pid=$(service_pid)
  [ -n "$pid" ] && cmp -s "/proc/$pid/exe" "$target"
}

# Whether the service has to be started, or restarted with the executable that is installed.
needs_restart() {
  if ! has_systemd; then
    if is_ready 1s; then return 1; else return 0; fi
  fi
  if [ -e "$UNIT" ] && ! systemctl is-enabled --quiet greylag 2>/dev/null &&
    [ -z "$(service_pid)" ]; then
    return 1
  fi
  ! runs_installed || ! is_ready 1s
}

install_all() {
  detect
  if [ "$os" != linux ]; then service=no; fi
  [ "$service" = no ] || refuse_package
  if [ "$dry_run" = yes ]; then
    executable=''
    if [ -n "$from" ] && [ -x "$from" ]; then executable=$from; fi
    if [ -z "$executable" ] && [ -x "$target" ]; then executable=$target; fi
    say "would install $file to $target"
  else
    mkdir -p "$bin"
    sweep
    obtain
    executable=$new
  fi
  if [ "$service" = yes ]; then
    check_ports "$executable"
    check_postgrey
    make_user
    make_directories
  fi
  is_same=no old='' was_ready=no
  if [ "$dry_run" = no ]; then
    if [ -e "$target" ] && cmp -s "$new" "$target"; then
      is_same=yes
      say "this version is already installed"
    else
      if [ -e "$target" ] && [ "$service" = yes ] && is_ready 1s; then was_ready=yes; fi
      replace
      say "installed $target"
    fi
  fi
  if [ "$root" = yes ]; then
    write_printed "$prefix/share/man/man8/greylag.8" manual
  fi
  if [ "$service" = yes ]; then
    stop_postgrey
    if [ "$is_same" = no ] || needs_restart; then
      [ "$is_same" = no ] || say "the service does not run this version yet: restarting it"
      start_service
    fi
    import_postgrey
  fi
  [ -z "$old" ] || rm -f "$old"
  if [ "$configure" = yes ]; then configure_postfix; fi
  tell_next
}

tell_next() {
  say ""
  if [ "$root" = no ]; then
    say "Installed for $(id -un) only, without a service. It runs with: $target serve --database ~/greylag.db"
    case ":$PATH:" in
      *":$bin:"*) ;;
      *) say "$bin is not in your PATH." ;;
    esac
    return
  fi
  if [ "$service" = no ]; then return; fi
  [ "$dry_run" = no ] || return 0
  if [ "$configure" = no ] && [ "$take_over" = no ]; then
    say "Add this line to the end of smtpd_recipient_restrictions in main.cf, or use --configure-postfix:"
    say "    check_policy_service { $(endpoints_of "$target" listen | head -n 1), timeout=10s, default_action=DUNNO }"
  fi
  page=$(endpoints_of "$target" status)
  case $page in
    inet:*) say "Status page: http://${page#inet:} (set its password with: greylag passwd)" ;;
  esac
  if [ -z "$(endpoints_of "$target" dns_lists)" ]; then
    say "No DNS list is set: every unknown client is greylisted. With one, most mail passes without delay:"
    say "    greylag lists enable zen"
  fi
}

# Copies the edited files of $work/postfix over those of Postfix; restores them if Postfix rejects them.
apply_postfix() {
  stamp=$(date +%Y%m%d-%H%M%S)
  changed=''
  for name in main.cf master.cf; do
    [ -f "$work/postfix/$name" ] || continue
    changed="$changed $name"
    if [ "$dry_run" = yes ]; then
      say "would change $etc/$name"
      continue
    fi
    cp -p "$etc/$name" "$etc/$name.greylag-$stamp"
    # The old file keeps its owner and permissions.
    cat "$work/postfix/$name" >"$etc/$name" || die "cannot write $etc/$name: its copy is $etc/$name.greylag-$stamp"
  done
  if [ -z "$changed" ] || [ "$dry_run" = yes ]; then return 0; fi
  if ! postfix check; then
    for name in $changed; do cp -p "$etc/$name.greylag-$stamp" "$etc/$name"; done
    return 1
  fi
  for name in $changed; do say "changed $etc/$name, the old one is $etc/$name.greylag-$stamp"; done
  # A stopped Postfix reads it at its start.
  if postfix status 2>/dev/null; then postfix reload; fi
}

# edit_postfix ACTION [OPTION...]: writes edited copies to $work/postfix.
edit_postfix() {
  make_work
  etc=$(postconf -h config_directory)
  rm -rf "$work/postfix"
  mkdir "$work/postfix"
  action_name=$1
  shift
  [ ! -f "$POSTFIX_CHANGES" ] || set -- "$@" --record "$POSTFIX_CHANGES"
  "$executable" postfix "$action_name" "$etc" "$work/postfix" "$@"
}

configure_postfix() {
  have postconf || die "postconf not found: is Postfix installed?"
  case $(postconf -h mail_version) in
    [012].*) die "Postfix is older than 3.0: it would reject mail while greylag is stopped" ;;
    3.0.*) [ "$outbound" = no ] || die "--learn-outbound needs Postfix 3.1 or later" ;;
  esac
  if [ "$dry_run" = no ]; then executable=$target; fi
  if [ -z "$executable" ]; then
    say "would change smtpd_recipient_restrictions in $(postconf -h config_directory)/main.cf"
    return
  fi
  adopt_delimiter
  set -- add
  [ "$outbound" = no ] || set -- "$@" --learn-outbound
  [ -z "$replaced" ] || set -- "$@" --replace-check "$replaced"
  edit_postfix "$@" || warn "Postfix does not call greylag everywhere, see above"
  if [ ! -f "$work/postfix/main.cf" ] && [ ! -f "$work/postfix/master.cf" ]; then
    say "Postfix needs no change"
    return
  fi
  apply_postfix ||
    die "Postfix rejects the change, its files were restored; add the check by hand, see \`greylag help doctor\`"
  [ "$dry_run" = yes ] || cp "$work/postfix/changes.json" "$POSTFIX_CHANGES"
}

# Takes over Postfix's recipient_delimiter.
adopt_delimiter() {
  delimiter=$(postconf -h recipient_delimiter)
  [ -n "$delimiter" ] || return 0
  now=$("$executable" config 2>/dev/null | sed -n 's/^recipient_delimiter = "\([^"]*\)".*/\1/p')
  [ "$now" != "$delimiter" ] || return 0
  if grep -q '^recipient_delimiter' "$CONFIG" 2>/dev/null; then
    warn "recipient_delimiter is \"$now\" in $CONFIG and \"$delimiter\" in Postfix: not changed"
    return
  fi
  if [ "$dry_run" = yes ]; then
    say "would set recipient_delimiter = '$delimiter' in $CONFIG"
    return
  fi
  say "recipient_delimiter = '$delimiter'" >>"$CONFIG"
  if [ -n "$(service_pid)" ]; then systemctl reload greylag; fi
}

# Removes greylag from Postfix, or refuses to remove greylag: Postfix would answer all mail with an error.
unconfigure_postfix() {
  have postconf || return 0
  executable=$target
  if ! "$executable" version >/dev/null 2>&1; then
    if { postconf -n && postconf -P; } 2>/dev/null | grep -q 'greylag\|:10023'; then
      die "Postfix may still call greylag, and $target does not run to undo it. Remove its check_policy_service from main.cf and master.cf first; nothing was changed"
    fi
    return 0
  fi
  set -- remove
  [ "$configure" = yes ] || set -- "$@" --recorded
  if ! edit_postfix "$@"; then
    # postgrey answers there again.
    [ -e "$POSTGREY_STATE" ] ||
      die "Postfix would call a greylag that is gone, and might answer all mail with an error. Remove these lines first, or use --uninstall --configure-postfix; nothing was changed"
  fi
  apply_postfix || die "Postfix rejects the change, its files were restored; greylag was not removed"
  run rm -f "$POSTFIX_CHANGES"
}

# Whether the service, the settings and Postfix's lines belong to this prefix.
owns_service() {
  if [ -e "$UNIT" ]; then
    grep -q "^ExecStart=$target " "$UNIT"
  else
    [ "$prefix" = /usr/local ]
  fi
}

uninstall() {
  if [ "$root" = yes ] && owns_service; then is_owner=yes; else is_owner=no; fi
  if [ "$is_owner" = yes ]; then
    refuse_package
    unconfigure_postfix
    if [ -e "$UNIT" ]; then
      if has_systemd; then run systemctl disable --now greylag || true; fi
      run rm -f "$UNIT"
      if has_systemd; then run systemctl daemon-reload; fi
    fi
    restore_postgrey
    run rm -rf /var/spool/postfix/greylag
  fi
  if [ "$root" = yes ]; then run rm -f "$prefix/share/man/man8/greylag.8"; fi
  run rm -f "$target"
  if [ "$root" = no ]; then return; fi
  if [ "$is_owner" = no ]; then
    say "kept the service, the settings and the data: they belong to another installation"
    return
  fi
  if [ "$purge" = no ]; then
    say "kept $(dirname "$CONFIG") and $STATE; --uninstall --purge removes them"
    return
  fi
  run rm -rf "$(dirname "$CONFIG")" "$STATE"
  if id "$USER_NAME" >/dev/null 2>&1; then
    if have userdel; then run userdel "$USER_NAME"; else run deluser "$USER_NAME"; fi
  fi
}

main() {
  trap clean_up EXIT
  trap 'exit 1' HUP INT TERM
  parse "$@"
  case $action in
    install) install_all ;;
    uninstall) uninstall ;;
  esac
}

main "$@"
