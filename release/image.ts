/**
 * `deno task image` builds a container image without a container engine:
 *
 *     deno run --allow-all release/image.ts [--amd64 FILE] [--arm64 FILE] [--output FILE]
 *
 * The result is an archive of an OCI image layout, for one or two architectures. It holds the executable,
 * the libraries of glibc that it is linked to, and nothing else: no shell, no package manager.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { gzipSync } from "node:zlib";
import manifest from "../deno.json" with { type: "json" };
import { shellWord } from "../lib/text/shell_word.ts";
import { type Architecture, ARCHITECTURES, checkExecutable } from "./architecture.ts";
import { compile } from "./compile.ts";
import base from "./image_base.json" with { type: "json" };
import { shell } from "./shell.ts";
import { DIST, say } from "./targets.ts";
import { checkDirectory, checkFile, runTask } from "./task.ts";

/** Not in use elsewhere: the user of images without a distribution. */
const USER = 65_532;

/** The libraries that the executable is linked to, besides the loader. */
const LIBRARIES = ["c.so.6", "dl.so.2", "gcc_s.so.1", "m.so.6", "pthread.so.0", "rt.so.1"];

const LIBRARY_DIRECTORY = { amd64: "lib/x86_64-linux-gnu", arm64: "lib/aarch64-linux-gnu" };

const LOADER = { amd64: "lib64/ld-linux-x86-64.so.2", arm64: "lib/ld-linux-aarch64.so.1" };

const SETTINGS =
  `# Greylag's settings in the container. The network of the container limits who reaches the port.
listen = ["inet:0.0.0.0:10023"]

# Other containers and published ports reach the page; reading it asks for the password as well.
status = "inet:0.0.0.0:10623"
`;

/** An image of one architecture. */
export interface ImagePart {
  readonly architecture: Architecture;
  readonly executable: string;
  /** Debian's packages libc6 and libgcc-s1 of the architecture. */
  readonly packages: readonly string[];
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const MEDIA = "application/vnd.oci.image";

const encoder = new TextEncoder();

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** A directory in OCI's layout. */
class Layout {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async blob(mediaType: string, bytes: Uint8Array): Promise<Descriptor> {
    const digest = sha256(bytes);
    await Deno.mkdir(`${this.#directory}/blobs/sha256`, { recursive: true });
    await Deno.writeFile(`${this.#directory}/blobs/sha256/${digest}`, bytes);
    return { mediaType, digest: `sha256:${digest}`, size: bytes.length };
  }

  json(mediaType: string, value: unknown): Promise<Descriptor> {
    return this.blob(mediaType, encoder.encode(JSON.stringify(value)));
  }

  file(name: string, value: unknown): Promise<void> {
    return Deno.writeTextFile(`${this.#directory}/${name}`, JSON.stringify(value));
  }
}

/** The only directory that belongs to the user of the image. */
const OWN_DIRECTORY = "./var/lib/greylag";

/** A tar archive of a directory, the same for the same files, for every builder. */
async function tarOf(directory: string, time: number): Promise<Uint8Array> {
  const archive = await Deno.makeTempFile({ prefix: "greylag-layer-" });
  const tar = `tar --file ${archive} --format=gnu --sort=name --numeric-owner ` +
    `--mtime=@${time / 1000} --directory ${directory}`;
  const owner = (id: number) => `--owner=${id} --group=${id}`;
  try {
    await shell(
      `${tar} ${owner(0)} --exclude ${OWN_DIRECTORY} --create .
if [ -d ${directory}/${OWN_DIRECTORY} ]; then ${tar} ${owner(USER)} --append ${OWN_DIRECTORY}; fi`,
    );
    return await Deno.readFile(archive);
  } finally {
    await Deno.remove(archive);
  }
}

/** The libraries, the user and the directories. */
async function writeBase(root: string, { architecture, packages }: ImagePart): Promise<void> {
  const unpacked = `${root}.packages`;
  const libraries = LIBRARY_DIRECTORY[architecture];
  const loader = LOADER[architecture];
  await shell(`mkdir -p ${unpacked}`);
  for (const path of packages) await shell(`dpkg-deb --extract '${path}' ${unpacked}`);
  const files = LIBRARIES.map((name) => `${unpacked}/${libraries}/lib${name}`).join(" ");
  await shell(
    `mkdir -p ${root}/${libraries} ${root}/lib64 ${root}/usr/share/doc
cp ${files} ${root}/${libraries}/
cp -L ${unpacked}/${libraries}/${loader.split("/").at(-1)} ${root}/${libraries}/
ln -sf /${libraries}/${loader.split("/").at(-1)} ${root}/${loader}
cp -r ${unpacked}/usr/share/doc/libc6 ${root}/usr/share/doc/
find ${root}/usr/share/doc -type f ! -name copyright -delete
rm -r ${unpacked}
chmod 755 ${root}/${libraries}/*
mkdir -p ${root}/etc/greylag ${root}/var/lib/greylag ${root}/tmp ${root}/run
chmod 1777 ${root}/tmp; chmod 700 ${root}/var/lib/greylag`,
  );
  await Deno.writeTextFile(
    `${root}/etc/passwd`,
    `root:x:0:0:root:/:/sbin/nologin\ngreylag:x:${USER}:${USER}:greylag:/var/lib/greylag:/sbin/nologin\n`,
  );
  await Deno.writeTextFile(`${root}/etc/group`, `root:x:0:\ngreylag:x:${USER}:\n`);
  await Deno.writeTextFile(`${root}/etc/nsswitch.conf`, "hosts: files dns\n");
  await Deno.writeTextFile(`${root}/etc/greylag/greylag.toml`, SETTINGS);
}

async function writeProgram(root: string, { executable }: ImagePart): Promise<void> {
  await shell(
    `mkdir -p ${root}/usr/bin; cp ${shellWord(executable)} ${root}/usr/bin/greylag; ` +
      `chmod 755 ${root}/usr/bin/greylag`,
  );
}

function configOf(architecture: Architecture, version: string, time: number, diffs: string[]) {
  const created = new Date(time).toISOString();
  return {
    created,
    architecture,
    os: "linux",
    config: {
      User: `${USER}:${USER}`,
      ExposedPorts: { "10023/tcp": {}, "10623/tcp": {} },
      Entrypoint: ["/usr/bin/greylag"],
      Cmd: ["serve"],
      Env: ["PATH=/usr/bin"],
      WorkingDir: "/",
      Volumes: { "/var/lib/greylag": {} },
      StopSignal: "SIGTERM",
      // Docker's extension; times in nanoseconds.
      Healthcheck: {
        Test: ["CMD", "/usr/bin/greylag", "ready"],
        Interval: 30e9,
        Timeout: 5e9,
        StartPeriod: 10e9,
        Retries: 3,
      },
      Labels: {
        "org.opencontainers.image.title": "greylag",
        "org.opencontainers.image.description": "Greylisting policy server for small mail servers",
        "org.opencontainers.image.version": version,
        "org.opencontainers.image.created": created,
        "org.opencontainers.image.source": "https://github.com/greylag/greylag",
        "org.opencontainers.image.licenses": "MIT",
      },
    },
    rootfs: { type: "layers", diff_ids: diffs },
    history: [
      { created, created_by: "glibc and directories" },
      { created, created_by: "greylag" },
    ],
  };
}

async function addPart(
  layout: Layout,
  part: ImagePart,
  version: string,
  time: number,
): Promise<Descriptor> {
  await checkExecutable(part.executable, part.architecture);
  const work = await Deno.makeTempDir({ prefix: "greylag-image-" });
  try {
    const layers: Descriptor[] = [];
    const diffs: string[] = [];
    for (const [name, write] of [["base", writeBase], ["program", writeProgram]] as const) {
      await Deno.mkdir(`${work}/${name}`);
      await write(`${work}/${name}`, part);
      const tar = await tarOf(`${work}/${name}`, time);
      diffs.push(`sha256:${sha256(tar)}`);
      layers.push(await layout.blob(`${MEDIA}.layer.v1.tar+gzip`, gzipSync(tar, { level: 9 })));
    }
    const config = await layout.json(
      `${MEDIA}.config.v1+json`,
      configOf(part.architecture, version, time, diffs),
    );
    const mediaType = `${MEDIA}.manifest.v1+json`;
    return await layout.json(mediaType, { schemaVersion: 2, mediaType, config, layers });
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

/**
 * Writes an image layout into an empty directory.
 *
 * @param time of all files, in milliseconds since the epoch.
 * @throws {Error} if an executable is of another architecture, or a library is missing.
 */
export async function buildImage(
  directory: string,
  parts: readonly ImagePart[],
  version: string,
  time: number,
): Promise<void> {
  const layout = new Layout(directory);
  const manifests = [];
  for (const part of parts) {
    const platform = { architecture: part.architecture, os: "linux" };
    manifests.push({ ...await addPart(layout, part, version, time), platform });
  }
  const mediaType = `${MEDIA}.index.v1+json`;
  const index = await layout.json(mediaType, { schemaVersion: 2, mediaType, manifests });
  await layout.file("oci-layout", { imageLayoutVersion: "1.0.0" });
  await layout.file("index.json", {
    schemaVersion: 2,
    mediaType,
    manifests: [{
      ...index,
      annotations: {
        "org.opencontainers.image.ref.name": version,
        "io.containerd.image.name": `ghcr.io/greylag/greylag:${version}`,
      },
    }],
  });
}

/** Downloads the packages of image_base.json into a directory and verifies their checksums. */
async function downloadBase(architecture: Architecture, directory: string): Promise<string[]> {
  const paths: string[] = [];
  for (const { path, sha256: wanted } of base[architecture]) {
    const target = `${directory}/${path.split("/").at(-1)}`;
    let bytes: Uint8Array | undefined;
    for (const source of [base.mirror, base.snapshot]) {
      // The mirror drops a package when it has a newer one.
      const response = await fetch(source + path).catch(() => undefined);
      if (response?.ok) bytes ??= new Uint8Array(await response.arrayBuffer());
      else await response?.body?.cancel();
      if (bytes !== undefined) break;
    }
    if (bytes === undefined) {
      throw new Error(`cannot download ${path}: update release/image_base.json to a newer version`);
    }
    if (sha256(bytes) !== wanted) throw new Error(`wrong checksum of ${path}: nothing was built`);
    await Deno.writeFile(target, bytes);
    paths.push(target);
  }
  return paths;
}

/**
 * Builds an image of some executables from the pinned packages.
 *
 * @param output path of the archive.
 */
export async function writeImage(
  output: string,
  executables: ReadonlyMap<Architecture, string>,
): Promise<void> {
  const work = await Deno.makeTempDir({ prefix: "greylag-oci-" });
  const time = Date.parse(manifest.released);
  try {
    const parts: ImagePart[] = [];
    for (const [architecture, executable] of executables) {
      await Deno.mkdir(`${work}/${architecture}`);
      const packages = await downloadBase(architecture, `${work}/${architecture}`);
      parts.push({ architecture, executable, packages });
    }
    await Deno.mkdir(`${work}/layout`);
    await buildImage(`${work}/layout`, parts, manifest.version, time);
    await Deno.writeFile(output, await tarOf(`${work}/layout`, time));
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

async function image(values: ReadonlyMap<string, string>): Promise<void> {
  const executables = new Map<Architecture, string>();
  for (const architecture of ARCHITECTURES) {
    const path = values.get(architecture);
    if (path === undefined) continue;
    await checkFile(path, architecture);
    await checkExecutable(path, architecture);
    executables.set(architecture, path);
  }
  const output = values.get("output") ?? `${DIST}/greylag_${manifest.version}_oci.tar`;
  if (values.has("output")) await checkDirectory(dirname(output), "output");
  else await Deno.mkdir(DIST, { recursive: true });
  if (executables.size === 0) {
    await compile(`${DIST}/greylag`);
    executables.set("amd64", `${DIST}/greylag`);
  }
  await writeImage(output, executables);
  say(output);
}

if (import.meta.main) {
  const executableOf = (name: Architecture) => ({
    name,
    placeholder: "FILE",
    help: `Executable for ${name}; without any, one for this host is built.`,
  });
  const output = { name: "output", placeholder: "FILE", help: "Path of the archive." };
  await runTask({
    name: "image",
    options: [...ARCHITECTURES.map(executableOf), output],
    run: image,
  });
}
