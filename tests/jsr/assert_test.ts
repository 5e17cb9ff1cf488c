import {
  assert,
  assertEquals,
  assertExists,
  assertFalse,
  AssertionError,
  assertMatch,
  assertNotEquals,
  assertNotMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  fail,
} from "@std/assert";

/** Checks that an assertion fails as it should; nothing here relies on the assertion under test. */
function mustFail(check: () => unknown): void {
  try {
    check();
  } catch (error) {
    if (error instanceof AssertionError) return;
    throw error;
  }
  throw new Error("an assertion passed that had to fail");
}

Deno.test("every assertion accepts its case and throws an AssertionError otherwise", () => {
  assert(1);
  mustFail(() => assert(0));
  assertFalse("");
  mustFail(() => assertFalse("x"));
  assertEquals({ a: [1, new Map([[1, 2]])] }, { a: [1, new Map([[1, 2]])] });
  mustFail(() => assertEquals({ a: 1 }, { a: 2 }));
  mustFail(() => assertEquals<unknown>(1, "1"));
  assertNotEquals([1], [2]);
  mustFail(() => assertNotEquals([1], [1]));
  assertStrictEquals(1, 1);
  mustFail(() => assertStrictEquals({}, {}));
  assertExists(0);
  mustFail(() => assertExists(null));
  assertMatch("abc", /b/);
  mustFail(() => assertMatch("abc", /x/));
  assertNotMatch("abc", /x/);
  mustFail(() => assertNotMatch("abc", /b/));
  assertStringIncludes("abc", "bc");
  mustFail(() => assertStringIncludes("abc", "x"));
  mustFail(() => fail("always"));
});

Deno.test("assertThrows returns what was thrown and checks its class and message", () => {
  const error = assertThrows(
    () => {
      throw new TypeError("bad thing");
    },
    TypeError,
    "bad",
  );
  assertEquals(error.message, "bad thing");
  mustFail(() => assertThrows(() => {}));
  mustFail(() =>
    assertThrows(() => {
      throw new TypeError("x");
    }, RangeError)
  );
  mustFail(() =>
    assertThrows(
      () => {
        throw new TypeError("x");
      },
      TypeError,
      "y",
    )
  );
});

Deno.test("assertRejects awaits and returns what was rejected", async () => {
  const error = await assertRejects(() => Promise.reject(new TypeError("late")), TypeError, "late");
  assertEquals(error.message, "late");
  let failed = false;
  await assertRejects(() => Promise.resolve(1)).catch(() => failed = true);
  assertEquals(failed, true);
});

Deno.test("without a class anything may be thrown; a text in its place is the message", async () => {
  const odd = "no error object";
  const throwOdd = () => {
    throw odd;
  };
  assertEquals(assertThrows(throwOdd), odd);
  assertEquals(assertThrows(throwOdd, "said when it fails"), odd);
  mustFail(() => assertThrows(throwOdd, Error));
  assertEquals(await assertRejects(() => Promise.reject(odd), "said when it fails"), odd);
});

Deno.test("assertRejects fails for a function that throws instead of rejecting", async () => {
  const throwing = (): Promise<never> => {
    throw new TypeError("early");
  };
  const failure = await assertRejects(throwing, TypeError).catch((error) => error);
  assert(failure instanceof AssertionError);
});
