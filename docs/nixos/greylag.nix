# A module for NixOS: imports = [ ./greylag.nix ]; services.greylag.enable = true;
# Set `version` and `hash` of the release; nix-prefetch-url prints the hash.
{ config, lib, pkgs, ... }:
let
  cfg = config.services.greylag;
  greylag = pkgs.stdenv.mkDerivation rec {
    pname = "greylag";
    version = "0.1.0";
    src = pkgs.fetchurl {
      url = "https://github.com/greylag/greylag/releases/download/v${version}/greylag-linux-x86_64.gz";
      hash = lib.fakeHash;
    };
    nativeBuildInputs = [ pkgs.autoPatchelfHook ];
    buildInputs = [ pkgs.stdenv.cc.cc.lib ];
    dontUnpack = true;
    # The program is appended to the runtime; strip would remove it.
    dontStrip = true;
    installPhase = ''
      mkdir -p $out/bin
      gzip -dc $src > $out/bin/greylag
      chmod 755 $out/bin/greylag
    '';
  };
  settings = (pkgs.formats.toml { }).generate "greylag.toml" cfg.settings;
in {
  options.services.greylag = {
    enable = lib.mkEnableOption "Greylag, a greylisting policy server";
    settings = lib.mkOption {
      type = (pkgs.formats.toml { }).type;
      default = { };
      example = { delay = "2m"; };
      description = "Contents of greylag.toml.";
    };
  };
  config = lib.mkIf cfg.enable {
    environment.systemPackages = [ greylag ];
    environment.etc."greylag/greylag.toml".source = settings;
    users.users.greylag = { isSystemUser = true; group = "greylag"; };
    users.groups.greylag = { };
    systemd.services.greylag = {
      description = "Greylag, a greylisting policy server for Postfix";
      wantedBy = [ "multi-user.target" ];
      before = [ "postfix.service" ];
      after = [ "network.target" "nss-lookup.target" ];
      reloadTriggers = [ settings ];
      serviceConfig = {
        Type = "notify";
        WatchdogSec = 60;
        ExecStart = "${greylag}/bin/greylag serve";
        ExecReload = "${pkgs.coreutils}/bin/kill -HUP $MAINPID";
        Restart = "always";
        User = "greylag";
        Group = "greylag";
        StateDirectory = "greylag";
        StateDirectoryMode = "0700";
        UMask = "0077";
        ProtectSystem = "strict";
        ProtectHome = true;
        PrivateTmp = true;
        PrivateDevices = true;
        NoNewPrivileges = true;
        CapabilityBoundingSet = "";
        RestrictAddressFamilies = [ "AF_INET" "AF_INET6" "AF_UNIX" ];
      };
    };
    services.postfix.config.smtpd_recipient_restrictions = lib.mkAfter [
      "check_policy_service { inet:127.0.0.1:10023, timeout=10s, default_action=DUNNO }"
    ];
  };
}
