import { combine } from "../../lib/config/load.ts";
import { daemonSettings } from "../../lib/config/module_settings.ts";
import type { SettingName } from "../../lib/config/settings.ts";
import type { DaemonSettings } from "../../lib/daemon/lifecycle.ts";

/** The default settings with some of them changed, as flags give them. */
export function settingsWith(given: Partial<Record<SettingName, string>> = {}): DaemonSettings {
  const flags = new Map(
    Object.entries(given).map(([name, value]) => [
      name as SettingName,
      { flag: `--${name}`, value },
    ]),
  );
  return daemonSettings(combine({ environment: () => undefined, flags }).values);
}
