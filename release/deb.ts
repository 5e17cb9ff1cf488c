/**
 * `deno task deb` builds a Debian package with dpkg-deb:
 *
 *     deno run --allow-all release/deb.ts [--executable FILE] [--architecture amd64|arm64]
 *         [--version VERSION] [--output DIRECTORY]
 *
 * The executable may be of another system than this one: nothing of the package comes from running it.
 *
 * @module
 */
import { gzipSync } from "node:zlib";
import manifest from "../deno.json" with { type: "json" };
import { UsageError } from "../lib/cli/usage.ts";
import { shellWord } from "../lib/text/shell_word.ts";
import {
  type Architecture,
  ARCHITECTURES,
  checkExecutable,
  isArchitecture,
} from "./architecture.ts";
import { compile } from "./compile.ts";
import { printed } from "./printed.ts";
import { sbomText } from "./sbom.ts";
import { shell } from "./shell.ts";
import { DIST, say } from "./targets.ts";
import { checkDirectory, checkFile, runTask } from "./task.ts";

const SOURCE = new URL("./debian/", import.meta.url);

const MAINTAINER_SCRIPTS = ["preinst", "postinst", "prerm", "postrm"];

/** The version in Debian's order, in which `~` sorts a pre-release before the release. */
export function debianVersion(version: string): string {
  return version.replace("-", "~");
}

interface Package {
  readonly executable: string;
  readonly architecture: Architecture;
  /** Semantic Versioning. */
  readonly version: string;
  /** Release date in milliseconds since the epoch: the time of all files. */
  readonly time: number;
  /** Compress in seconds instead of a minute, for tests. */
  readonly isFast?: boolean;
}

const read = (name: string) => Deno.readTextFile(new URL(name, SOURCE));

/** RFC 5322, 3.3, in UTC. */
const mailDate = (time: number) => new Date(time).toUTCString().replace("GMT", "+0000");

function changelog({ version, time }: Package): string {
  return `greylag (${debianVersion(version)}) stable; urgency=medium

  * New release, see CHANGELOG.md.

 -- The Greylag authors <greylag@users.noreply.github.com>  ${mailDate(time)}
`;
}

async function copyright(): Promise<string> {
  const licence = (await Deno.readTextFile("LICENSE")).trim().split("\n");
  const holder = licence.find((line) => line.startsWith("Copyright"))!.replace(
    "Copyright (c) ",
    "",
  );
  const body = licence.slice(licence.indexOf("", 3) + 1).map((line) => ` ${line || "."}`);
  return `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: greylag
Source: https://github.com/greylag/greylag
Comment: The executable also contains Deno's runtime (MIT) with V8 (BSD-3-clause) and SQLite
 (public domain), and the other components that sbom.cdx.json names with their licences.

Files: *
Copyright: ${holder}
License: Expat

License: Expat
${body.join("\n")}
`;
}

/** The files that are generated here, by path below the root. */
async function generatedFiles(what: Package): Promise<ReadonlyMap<string, string | Uint8Array>> {
  const zip = (text: string) => gzipSync(text, { level: 9 });
  const share = "usr/share";
  return new Map<string, string | Uint8Array>([
    ["etc/greylag/greylag.toml", await read("greylag.toml")],
    [
      "usr/lib/systemd/system/greylag.service",
      await printed("unit", "--executable", "/usr/bin/greylag"),
    ],
    [`${share}/man/man8/greylag.8.gz`, zip(await printed("manual"))],
    [`${share}/bash-completion/completions/greylag`, await printed("completions", "bash")],
    [`${share}/zsh/vendor-completions/_greylag`, await printed("completions", "zsh")],
    [`${share}/fish/vendor_completions.d/greylag.fish`, await printed("completions", "fish")],
    [`${share}/doc/greylag/changelog.gz`, zip(changelog(what))],
    [`${share}/doc/greylag/CHANGELOG.md.gz`, zip(await Deno.readTextFile("CHANGELOG.md"))],
    [`${share}/doc/greylag/README.Debian`, await read("README.Debian")],
    [`${share}/doc/greylag/copyright`, await copyright()],
    [`${share}/doc/greylag/sbom.cdx.json.gz`, zip(await sbomText())],
    [`${share}/lintian/overrides/greylag`, await read("lintian-overrides")],
  ]);
}

async function writeTree(root: string, what: Package): Promise<void> {
  await Deno.mkdir(`${root}/usr/bin`, { recursive: true });
  await Deno.copyFile(what.executable, `${root}/usr/bin/greylag`);
  for (const [path, content] of await generatedFiles(what)) {
    await Deno.mkdir(`${root}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
    if (typeof content === "string") await Deno.writeTextFile(`${root}/${path}`, content);
    else await Deno.writeFile(`${root}/${path}`, content);
  }
  await shell(
    `cd ${root}; chmod -R u=rwX,go=rX .; chmod 755 usr/bin/greylag; mkdir DEBIAN; ` +
      "find etc usr -type f -exec md5sum {} + | sort -k 2 > DEBIAN/md5sums",
  );
  const size = await shell(`du -k -s --apparent-size ${root}`);
  const control = (await read("control"))
    .replace("@VERSION@", debianVersion(what.version))
    .replace("@ARCHITECTURE@", what.architecture)
    .replace("@SIZE@", size.split("\t")[0]!);
  await Deno.writeTextFile(`${root}/DEBIAN/control`, control);
  await Deno.writeTextFile(`${root}/DEBIAN/conffiles`, "/etc/greylag/greylag.toml\n");
  for (const name of MAINTAINER_SCRIPTS) {
    await Deno.writeTextFile(`${root}/DEBIAN/${name}`, await read(name), { mode: 0o755 });
  }
}

/**
 * Builds a package.
 *
 * @returns its path.
 * @throws {Error} if the executable is of another architecture, or dpkg-deb fails.
 */
export async function buildDeb(what: Package, directory: string): Promise<string> {
  await checkExecutable(what.executable, what.architecture);
  const output = `${directory}/greylag_${debianVersion(what.version)}_${what.architecture}.deb`;
  const root = await Deno.makeTempDir({ prefix: "greylag-deb-" });
  try {
    await writeTree(root, what);
    await shell(
      // dpkg-deb lowers the time of newer files only.
      `find ${root} -exec touch -h -d @$SOURCE_DATE_EPOCH {} +; chmod 755 ${root}; ` +
        `dpkg-deb --root-owner-group ${
          what.isFast ? "-Zgzip -z1" : "-Zxz --threads-max=1"
        } --build ${root} ${shellWord(output)}`,
      { SOURCE_DATE_EPOCH: String(what.time / 1000) },
    );
  } finally {
    await Deno.remove(root, { recursive: true });
  }
  return output;
}

/** Semantic Versioning, without build metadata. */
const VERSION = /^\d+\.\d+\.\d+(?:-[\dA-Za-z.-]+)?$/;

async function deb(values: ReadonlyMap<string, string>): Promise<void> {
  const architecture = values.get("architecture") ?? "amd64";
  if (!isArchitecture(architecture)) {
    throw new UsageError(
      `--architecture must be ${ARCHITECTURES.join(" or ")}, not "${architecture}"`,
    );
  }
  const version = values.get("version") ?? manifest.version;
  if (!VERSION.test(version)) {
    throw new UsageError(`--version must be a version such as 1.2.3, not "${version}"`);
  }
  const output = values.get("output") ?? DIST;
  if (values.has("output")) await checkDirectory(output, "output");
  else await Deno.mkdir(DIST, { recursive: true });
  const given = values.get("executable");
  if (given !== undefined) await checkFile(given, "executable");
  const executable = given ?? `${DIST}/greylag`;
  if (given === undefined) await compile(executable);
  const time = Date.parse(manifest.released);
  say(await buildDeb({ executable, architecture, version, time }, output));
}

if (import.meta.main) {
  await runTask({
    name: "deb",
    options: [
      {
        name: "executable",
        placeholder: "FILE",
        help: "Executable to pack; without it one for this host is built.",
      },
      { name: "architecture", placeholder: ARCHITECTURES.join("|"), help: "amd64 by default." },
      { name: "version", placeholder: "VERSION", help: "The version of deno.json by default." },
      { name: "output", placeholder: "DIRECTORY", help: `${DIST} by default.` },
    ],
    run: deb,
  });
}
