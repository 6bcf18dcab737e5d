import assert from "node:assert/strict";
import { after, test } from "node:test";
import { BatchRequestContent, BatchResponseContent, GraphError, PageIterator } from "@microsoft/microsoft-graph-client";
import { credential, eventually, graph, round, scope, sim, tenants } from "./sim.mjs";

const [tenant, other] = tenants;
const client = graph(tenant);

/** The accounts that exist, by the simulator's own word. */
const accountIDs = () => sim("GET", `tenants/${tenant}/users`);

/** Adds somebody whom no other test knows. */
async function hire(name) {
  const [info] = (await sim("GET", "tenants")).filter((t) => t.id === tenant);
  const userPrincipalName = `${name}@${info.defaultDomain}`;
  const { id } = await sim("POST", `tenants/${tenant}/users`, { userPrincipalName, displayName: name, usageLocation: "DE" });
  return { id, userPrincipalName };
}

test("a token is issued to the app, for its tenant, with its roles", async () => {
  const { token, expiresOnTimestamp } = await credential(tenant).getToken(scope);
  const claims = JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
  assert.equal(claims.tid, tenant);
  assert.equal(claims.idtyp, "app");
  assert.ok(claims.roles.includes("User.Read.All") || claims.roles.includes("User.ReadWrite.All"), `roles: ${claims.roles}`);
  assert.ok(expiresOnTimestamp > Date.now());
});

test("a wrong secret is refused in Microsoft's words", async () => {
  await assert.rejects(credential(tenant, "wrong").getToken(scope), /AADSTS7000215/);
});

test("an unknown tenant has no endpoints, as MSAL puts it", async () => {
  await assert.rejects(credential("00000000-0000-0000-0000-00000000dead").getToken(scope), /endpoints_resolution_error/);
});

test("a list has the default properties, and those selected", async () => {
  const plain = await client.api("/users").top(3).get();
  assert.equal(plain.value.length, 3);
  assert.ok("displayName" in plain.value[0]);
  assert.ok(!("accountEnabled" in plain.value[0]), "accountEnabled is no default property");

  const selected = await client.api("/users").select(["id", "accountEnabled"]).top(3).get();
  assert.deepEqual(Object.keys(selected.value[0]).sort(), ["accountEnabled", "id"]);
});

test("a filter and an advanced query work as the client sends them", async () => {
  const { userPrincipalName, id } = await hire("filter.me");
  const found = await client.api("/users").filter(`userPrincipalName eq '${userPrincipalName}'`).get();
  assert.deepEqual(found.value.map((u) => u.id), [id]);

  const counted = await client.api("/users").header("ConsistencyLevel", "eventual").count(true)
    .filter("endsWith(userPrincipalName,'.invalid')").get();
  assert.equal(counted["@odata.count"], 0);
  await assert.rejects(client.api("/users").filter("endsWith(userPrincipalName,'.invalid')").get(), (error) => {
    assert.equal(error.statusCode, 400);
    assert.equal(error.code, "Request_UnsupportedQuery");
    return true;
  });
});

test("the page iterator visits every account once", async () => {
  const first = await client.api("/users").select("id").top(7).get();
  const seen = [];
  const iterator = new PageIterator(client, first, (user) => seen.push(user.id) > 0);
  await iterator.iterate();
  assert.ok(iterator.isComplete());
  assert.deepEqual(seen.toSorted(), (await accountIDs()).toSorted());
});

test("delta rounds bring everybody, then what changed, then who is gone", async () => {
  const { id } = await hire("delta.me");
  let { objects, deltaLink } = await round(client, "/users/delta?$select=id,displayName,jobTitle,accountEnabled");
  const first = new Set(objects.filter((o) => !o["@removed"]).map((o) => o.id));
  for (const known of await accountIDs()) {
    assert.ok(known === id || first.has(known), `${known} is missing`);
  }

  await sim("PATCH", `tenants/${tenant}/users/${id}`, { jobTitle: "Changed", accountEnabled: false });
  const changed = await eventually(async () => {
    ({ objects, deltaLink } = await round(client, deltaLink));
    return objects.find((o) => o.id === id && o.jobTitle === "Changed");
  });
  assert.equal(changed.accountEnabled, false);

  await sim("DELETE", `tenants/${tenant}/users/${id}`);
  const removed = await eventually(async () => {
    ({ objects, deltaLink } = await round(client, deltaLink));
    return objects.find((o) => o.id === id && o["@removed"]);
  });
  assert.deepEqual(removed["@removed"], { reason: "changed" });
});

test("a delta that asks for sign-in activity is refused", async () => {
  await assert.rejects(client.api("/users/delta").select("id,signInActivity").get(), (error) => error.statusCode === 400);
});

/** A request as batches want it: relative to the version, which node's Request would not take. */
function relative(path, init) {
  return Object.defineProperty(new Request(new URL(path, process.env.GRAPH_URL), init), "url", { value: path });
}

test("a batch answers every part on its own", async () => {
  const { id } = await hire("batch.me");
  const [anybody] = await accountIDs();
  const content = new BatchRequestContent([
    { id: "1", request: relative(`/users/${anybody}?$select=id`) },
    { id: "2", request: relative("/users/00000000-0000-0000-0000-00000000dead") },
    {
      id: "3",
      request: relative(`/users/${id}`, {
        method: "PATCH", body: JSON.stringify({ jobTitle: "Batched" }), headers: { "Content-Type": "application/json" },
      }),
    },
  ]);
  const answer = new BatchResponseContent(await client.api("/$batch").post(await content.getContent()));

  assert.equal(answer.getResponseById("1").status, 200);
  assert.equal((await answer.getResponseById("1").json()).id, anybody);
  assert.equal(answer.getResponseById("2").status, 404);
  assert.equal((await answer.getResponseById("2").json()).error.code, "Request_ResourceNotFound");
  assert.equal(answer.getResponseById("3").status, 204);
  const { properties } = await sim("GET", `tenants/${tenant}/users/${id}`);
  assert.equal(properties.jobTitle, "Batched");
});

test("a part of a batch whose dependency failed is 424", async () => {
  const answer = await client.api("/$batch").post({
    requests: [
      { id: "1", method: "GET", url: "/users/00000000-0000-0000-0000-00000000dead" },
      { id: "2", method: "GET", url: "/organization", dependsOn: ["1"] },
    ],
  });
  const status = Object.fromEntries(answer.responses.map((r) => [r.id, r.status]));
  assert.deepEqual(status, { 1: 404, 2: 424 });
});

test("a 429 is waited out, not hammered", async () => {
  const before = await sim("GET", `counters?tenant=${tenant}`);
  const report = "/reports/authenticationMethods/userRegistrationDetails";
  const start = Date.now();
  for (let i = 0; i < 6; i++) { // five are allowed in ten seconds
    assert.ok((await client.api(report).top(1).get()).value.length > 0);
  }
  const now = await sim("GET", `counters?tenant=${tenant}`);
  assert.equal(now.throttled, before.throttled + 1);
  assert.equal(now.tooEarly, before.tooEarly, "the client came back before Retry-After had passed");
  assert.ok(Date.now() - start > 1000, "nothing was waited for");
});

test("a report that needs Entra ID P1 is refused in a tenant without it", async () => {
  await assert.rejects(graph(other).api("/reports/authenticationMethods/userRegistrationDetails").get(), (error) => {
    assert.equal(error.statusCode, 403);
    assert.equal(error.code, "Authentication_RequestFromNonPremiumTenantOrB2CTenant");
    return true;
  });
});

test("an injected 429 names its Retry-After, and the client keeps to it", async () => {
  const { id } = await hire("throttle.me");
  const fault = await sim("POST", "faults", {
    kind: "status", tenant, method: "GET", path: "/users/{id}", status: 429, retryAfter: 2, count: 1,
  });
  const start = Date.now();
  assert.equal((await client.api(`/users/${id}`).select("id").get()).id, id);
  assert.ok(Date.now() - start >= 1900, `came back after ${Date.now() - start} ms`);
  const [armed] = (await sim("GET", "faults")).filter((f) => f.id === fault.id);
  assert.equal(armed.injected, 1);
  await sim("DELETE", `faults/${fault.id}`);
});

test("an unknown account is 404 with an OData error", async () => {
  await assert.rejects(client.api("/users/nobody@contoso.invalid").get(), (error) => {
    assert.ok(error instanceof GraphError);
    assert.equal(error.statusCode, 404);
    assert.equal(error.code, "Request_ResourceNotFound");
    assert.ok(error.requestId, "the error has a request id");
    return true;
  });
});

test("a patch changes what it names, by id and by name, and nothing else", async () => {
  const { id, userPrincipalName } = await hire("o'patch.me");
  assert.equal(await client.api(`/users/${id}`).patch({ jobTitle: "Engineer", department: null }), undefined);
  await client.api(`/users/${encodeURIComponent(userPrincipalName)}`).patch({ accountEnabled: false });

  const { properties } = await sim("GET", `tenants/${tenant}/users/${id}`);
  assert.equal(properties.jobTitle, "Engineer");
  assert.equal(properties.accountEnabled, false);
  assert.equal(properties.usageLocation, "DE");
  await eventually(async () => {
    const read = await client.api(`/users/${id}`).select("jobTitle,accountEnabled").get();
    return read.jobTitle === "Engineer" && read.accountEnabled === false ? read : undefined;
  });
});

test("a patch of an unknown property is refused and changes nothing", async () => {
  const { id } = await hire("strict.me");
  await assert.rejects(client.api(`/users/${id}`).patch({ jobTitle: "Boss", favouriteColour: "blue" }), (error) => error.statusCode === 400);
  const { properties } = await sim("GET", `tenants/${tenant}/users/${id}`);
  assert.equal(properties.jobTitle, undefined);
});

test("an action answers as documented", async () => {
  const { id } = await hire("revoke.me");
  const answer = await client.api(`/users/${id}/revokeSignInSessions`).post({});
  assert.equal(answer.value, true);
});

after(async () => {
  const counters = await sim("GET", "counters");
  assert.equal(counters.absent, 0, "an endpoint was asked for that is not simulated");
});
