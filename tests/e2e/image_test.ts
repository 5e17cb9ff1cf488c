import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { buildImage } from "../../release/image.ts";
import { CleanUp, sh } from "../clean_up.ts";
import { eventually } from "../eventually.ts";
import { writeArmExecutable } from "./arm_executable.ts";

const EXECUTABLE = Deno.env.get("GREYLAG_EXECUTABLE") ?? "";
const TIME = Date.UTC(2026, 10, 1);

interface Descriptor {
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly architecture: string };
}

interface Manifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** Of Docker's form. */
interface Config {
  readonly architecture: string;
  readonly config: {
    readonly User: string;
    readonly Entrypoint: readonly string[];
    readonly Cmd: readonly string[];
    readonly Env: readonly string[];
    readonly Healthcheck: { readonly Test: readonly string[] };
  };
  readonly rootfs: { readonly diff_ids: readonly string[] };
}

/** Reads a blob and verifies size and digest. */
async function blob(layout: string, { digest, size }: Descriptor): Promise<Uint8Array> {
  const bytes = await Deno.readFile(`${layout}/blobs/${digest.replace(":", "/")}`);
  assertEquals(bytes.length, size);
  assertEquals(`sha256:${createHash("sha256").update(bytes).digest("hex")}`, digest);
  return bytes;
}

async function json<T>(layout: string, descriptor: Descriptor): Promise<T> {
  return JSON.parse(new TextDecoder().decode(await blob(layout, descriptor)));
}

async function manifestsOf(layout: string): Promise<readonly Descriptor[]> {
  const outer = JSON.parse(await Deno.readTextFile(`${layout}/index.json`));
  assertEquals(outer.manifests.length, 1);
  const index = await json<{ manifests: readonly Descriptor[] }>(layout, outer.manifests[0]);
  return index.manifests;
}

/** Debian's packages of both architectures, in today's version. */
async function downloadPackages(directory: string): Promise<Record<"amd64" | "arm64", string[]>> {
  const uris = await sh('apt-get download --print-uris libc6 libgcc-s1 | cut -d "\'" -f 2');
  const paths = { amd64: [] as string[], arm64: [] as string[] };
  // An installed version that the mirror has dropped has no URI.
  assertEquals(uris.trim().split("\n").length, 2, uris);
  for (const uri of uris.trim().split("\n")) {
    for (const architecture of ["amd64", "arm64"] as const) {
      const path = `${directory}/${architecture}-${uri.split("/").at(-1)}`;
      await sh(
        `curl -fsS --retry 5 --retry-all-errors -o ${path} '${
          uri.replace("_amd64", `_${architecture}`)
        }'`,
      );
      paths[architecture].push(path);
    }
  }
  return paths;
}

async function withImage(body: (layout: string, directory: string) => Promise<void>) {
  const directory = await Deno.makeTempDir({ prefix: "greylag-image-test-" });
  await using _ = new CleanUp('rm -rf --one-file-system "$1"', directory);
  await Deno.mkdir(`${directory}/layout`);
  const packages = await downloadPackages(directory);
  await writeArmExecutable(`${directory}/arm`, EXECUTABLE);
  await buildImage(
    `${directory}/layout`,
    [
      { architecture: "amd64", executable: EXECUTABLE, packages: packages.amd64 },
      { architecture: "arm64", executable: `${directory}/arm`, packages: packages.arm64 },
    ],
    "1.0.0",
    TIME,
  );
  await body(`${directory}/layout`, directory);
}

/** A bundle of runc: read-only root, the user of the image, no capabilities, a network of its own. */
async function makeBundle(bundle: string, { config }: Config): Promise<void> {
  await sh(`cd ${bundle} && runc spec && mkdir data && chown ${config.User} data`);
  const spec = JSON.parse(await Deno.readTextFile(`${bundle}/config.json`));
  const [uid, gid] = config.User.split(":").map(Number);
  Object.assign(spec.process, {
    terminal: false,
    user: { uid, gid },
    args: [...config.Entrypoint, ...config.Cmd],
    env: config.Env,
    capabilities: {},
    noNewPrivileges: true,
  });
  spec.root = { path: "rootfs", readonly: true };
  // Machines differ in their control groups.
  delete spec.linux.resources;
  spec.linux.namespaces = spec.linux.namespaces.filter(({ type }: { type: string }) =>
    type !== "cgroup"
  );
  spec.mounts = [
    ...spec.mounts.filter(({ type }: { type: string }) => !type.startsWith("cgroup")),
    { destination: "/var/lib/greylag", type: "bind", source: `${bundle}/data`, options: ["bind"] },
  ];
  await Deno.writeTextFile(`${bundle}/config.json`, JSON.stringify(spec));
}

Deno.test({
  name: "the image has two architectures, small layers, and runs with a read-only root as its user",
  ignore: EXECUTABLE === "",
  async fn() {
    await withImage(async (layout, directory) => {
      const manifests = await manifestsOf(layout);
      assertEquals(manifests.map(({ platform }) => platform?.architecture), ["amd64", "arm64"]);
      const names: string[][] = [];
      let first: Config | undefined;
      for (const [at, descriptor] of manifests.entries()) {
        const { config, layers } = await json<Manifest>(layout, descriptor);
        const read = await json<Config>(layout, config);
        first ??= read;
        const size = layers.reduce((sum, layer) => sum + layer.size, 0);
        assert(size < 42e6, `${size} bytes`);
        const rootfs = `${directory}/bundle${at}/rootfs`;
        await Deno.mkdir(rootfs, { recursive: true });
        for (const [index, layer] of layers.entries()) {
          const tar = gunzipSync(await blob(layout, layer));
          const diff = `sha256:${createHash("sha256").update(tar).digest("hex")}`;
          assertEquals(diff, read.rootfs.diff_ids[index]);
          await Deno.writeFile(`${directory}/layer.tar`, tar);
          await sh(`tar -x --numeric-owner -f ${directory}/layer.tar -C ${rootfs}`);
        }
        names.push((await sh(`cd ${rootfs} && find lib* usr/bin ! -type d`)).trim().split("\n"));
        assertEquals(
          await sh(`stat -c '%u:%g %a' ${rootfs}/var/lib/greylag ${rootfs}/usr/bin/greylag`),
          "65532:65532 700\n0:0 755\n",
        );
      }
      // Loader twice, six libraries, the executable.
      assertEquals(names.map((list) => list.length), [9, 9]);
      assert(names[1]!.includes("lib/ld-linux-aarch64.so.1"));

      const id = `greylag-image-test-${Deno.pid}`;
      const bundle = `${directory}/bundle0`;
      await makeBundle(bundle, first!);
      await using _ = new CleanUp(`runc delete --force ${id}`);
      // Its output is a file: a pipe would wait for the daemon.
      await sh(`runc run --detach --bundle ${bundle} ${id} > ${bundle}/log 2>&1 < /dev/null`);
      const log = () => Deno.readTextFile(`${bundle}/log`);
      const check = first!.config.Healthcheck.Test.slice(1).join(" ");
      await eventually(
        "the health check succeeds",
        () => sh(`runc exec ${id} ${check}`).then((text) => text.includes("ready"), () => false),
        { period: 300 },
        log,
      );
      assertStringIncludes(await log(), "listening on inet:0.0.0.0:10023");
      assert((await sh(`ls ${bundle}/data`)).includes("greylag.db"));
      assert(!(await log()).includes("error"), await log());
    });
  },
});
