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
CHECK='check_policy_service { inet:127.0.0.1:10023, timeout=10s, default_action=DUNNO }'
READY_TIME=15s

usage() {
  cat <<'END'
Usage: install.sh [OPTIONS]

As root: installs the executable to /usr/local/bin, creates the user greylag, /var/lib/greylag,
/etc/greylag/greylag.toml and the systemd unit, and starts the service. As another user: installs the
executable to ~/.local/bin and nothing else. Run it again to upgrade; it rolls back if the new version
does not start.

  --version VERSION    install this version (default: the latest)
  --prefix DIRECTORY   install to DIRECTORY/bin
  --base-url URL       download from below URL; also GREYLAG_BASE_URL
  --from FILE          install this executable; verify it if SHA256SUMS is beside it
  --no-service         install only the executable and the manual page
  --configure-postfix  add the policy check to main.cf; keep a copy as main.cf.greylag-DATE
  --dry-run            print the steps without doing them
  --uninstall          remove everything except settings and data
  --purge              with --uninstall: remove settings and data as well
  --help               show this
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
  version='' prefix='' from='' service=yes configure=no dry_run=no action=install purge=no
  base=${GREYLAG_BASE_URL-}
  while [ $# -gt 0 ]; do
    case $1 in
      --version | --prefix | --base-url | --from)
        need_value "$1" "${2-}"
        case $1 in
          --version) version=${2#v} ;;
          --prefix) prefix=$2 ;;
          --base-url) base=$2 ;;
          --from) from=$2 ;;
        esac
        shift
        ;;
      --version=*) version=${1#*=} version=${version#v} ;;
      --prefix=*) prefix=${1#*=} ;;
      --base-url=*) base=${1#*=} ;;
      --from=*) from=${1#*=} ;;
      --no-service) service=no ;;
      --configure-postfix) configure=yes ;;
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
  fi
  case $prefix in
    /*) ;;
    *) die "--prefix needs an absolute path, not $prefix" ;;
  esac
  bin=$prefix/bin
  target=$bin/greylag
  if [ "$root" = no ]; then service=no; fi
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

# Puts the new executable at $new, in the directory of the old one, so that a rename can replace it.
obtain() {
  new=$bin/.greylag.new.$$
  sums=$bin/.greylag.sums.$$
  if [ -n "$from" ]; then
    [ -f "$from" ] || die "file not found: $from"
    cp "$from" "$new" || die "cannot copy $from to $bin: is the disk full? Nothing was changed"
    if [ -f "$(dirname "$from")/SHA256SUMS" ]; then
      verify "$new" "$(basename "$from")" "$(dirname "$from")/SHA256SUMS"
    fi
  else
    if [ -n "$base" ]; then
      url=${base%/}
    elif [ -n "$version" ]; then
      url=$BASE_URL/download/v$version
    else
      url=$BASE_URL/latest/download
    fi
    say "downloading $url/$file"
    fetch "$url/SHA256SUMS" "$sums" || die "cannot download $url/SHA256SUMS: nothing was changed"
    fetch "$url/$file" "$new" || die "cannot download $url/$file: nothing was changed"
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

clean_up() { rm -f "${new-}" "${sums-}"; }

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
  warn "the new version is not ready after $READY_TIME; rolling back"
  mv -f "$old" "$target"
  old_unit >"$UNIT.new" && mv -f "$UNIT.new" "$UNIT"
  systemctl daemon-reload
  systemctl restart greylag
  if is_ready "$READY_TIME"; then
    die "the old version is running again; see: journalctl -u greylag"
  fi
  die "the old version is not ready either; mail passes; see: journalctl -u greylag"
}

old_unit() { "$target" unit --executable "$target"; }

start_service() {
  write_printed "$UNIT" unit --executable "$target"
  if ! has_systemd; then
    warn "systemd is not running, service not started: run $target serve"
    return
  fi
  run systemctl daemon-reload
  run systemctl enable greylag
  run systemctl restart greylag || true
  [ "$dry_run" = no ] || return 0
  if is_ready "$READY_TIME"; then return; fi
  # A service that was not ready before is no worse now.
  if [ -n "$old" ] && [ "$was_ready" = yes ]; then roll_back; fi
  "$target" ready || true
  die "greylag is not ready after $READY_TIME; mail passes meanwhile. See: journalctl -u greylag"
}

install_all() {
  detect
  if [ "$os" != linux ]; then service=no; fi
  if [ "$dry_run" = yes ]; then
    say "would install $file to $target"
  else
    mkdir -p "$bin"
    trap clean_up EXIT
    trap 'exit 1' HUP INT TERM
    obtain
  fi
  if [ "$service" = yes ]; then
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
    if [ "$is_same" = no ] || ! is_ready 1s; then start_service; fi
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
  if [ "$configure" = no ]; then
    say "Add this line to the end of smtpd_recipient_restrictions in main.cf, or use --configure-postfix:"
    say "    $CHECK"
  fi
  say "Status page: http://127.0.0.1:10623 (set its password with: greylag passwd)"
}

main_cf() { printf '%s/main.cf' "$(postconf -h config_directory)"; }

# Sets smtpd_recipient_restrictions to $1; restores main.cf if Postfix rejects it.
set_restrictions() {
  cf=$(main_cf)
  backup=$cf.greylag-$(date +%Y%m%d-%H%M%S)
  if [ "$dry_run" = yes ]; then
    say "would copy $cf to $backup"
    say "would set smtpd_recipient_restrictions = $1"
    return
  fi
  cp -p "$cf" "$backup"
  if postconf -e "smtpd_recipient_restrictions = $1" && postfix check; then
    say "changed $cf, the old one is $backup"
    # A stopped Postfix reads it at its start.
    if postfix status 2>/dev/null; then postfix reload; fi
    return
  fi
  cp -p "$backup" "$cf"
  die "Postfix rejects the change, $cf was restored; add the check by hand: $CHECK"
}

configure_postfix() {
  have postconf || die "postconf not found: is Postfix installed?"
  case $(postconf -h mail_version) in
    [012].*) die "Postfix is older than 3.0: it would reject mail while greylag is stopped" ;;
  esac
  now=$(postconf -h smtpd_recipient_restrictions)
  case $now in
    *"$CHECK"*)
      say "Postfix already uses greylag"
      return
      ;;
    *inet:127.0.0.1:10023* | *greylag/policy*)
      warn "smtpd_recipient_restrictions already contains another line for greylag: not changed"
      return
      ;;
  esac
  # The check comes last: after clients that are permitted or rejected anyway.
  end=''
  trimmed=$(printf '%s' "$now" | sed -e 's/[[:space:],]*$//')
  case $trimmed in
    permit | *[[:space:],]permit)
      end=', permit'
      trimmed=$(printf '%s' "${trimmed%permit}" | sed -e 's/[[:space:],]*$//')
      ;;
  esac
  if [ -z "$trimmed" ]; then trimmed='permit_mynetworks, permit_sasl_authenticated'; fi
  case "$trimmed $(postconf -h smtpd_relay_restrictions 2>/dev/null)" in
    *reject_unauth_destination* | *defer_unauth_destination*) ;;
    *) trimmed="$trimmed, reject_unauth_destination" ;;
  esac
  case $trimmed in
    *reject_unauth_destination*) ;;
    *) trimmed="$trimmed, reject_unauth_destination" ;;
  esac
  set_restrictions "$trimmed, $CHECK$end"
}

unconfigure_postfix() {
  have postconf || return 0
  now=$(postconf -h smtpd_recipient_restrictions)
  case $now in
    *"$CHECK"*) ;;
    *greylag* | *:10023*)
      warn "smtpd_recipient_restrictions still contains greylag: remove it by hand"
      return
      ;;
    *) return 0 ;;
  esac
  before=$(printf '%s' "${now%%"$CHECK"*}" | sed -e 's/[[:space:],]*$//')
  after=${now#*"$CHECK"}
  set_restrictions "$before$after"
}

uninstall() {
  if [ "$root" = yes ]; then
    unconfigure_postfix
    if [ -e "$UNIT" ]; then
      if has_systemd; then run systemctl disable --now greylag || true; fi
      run rm -f "$UNIT"
      if has_systemd; then run systemctl daemon-reload; fi
    fi
    run rm -f "$prefix/share/man/man8/greylag.8"
    run rm -rf /var/spool/postfix/greylag
  fi
  run rm -f "$target"
  if [ "$root" = no ]; then return; fi
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
  parse "$@"
  case $action in
    install) install_all ;;
    uninstall) uninstall ;;
  esac
}

main "$@"
