// What the tests know of graphsim: who to be towards Graph, and the simulator's own
// API, by which outsiders act.
import { ClientSecretCredential } from "@azure/identity";
import { Client } from "@microsoft/microsoft-graph-client";
import { TokenCredentialAuthenticationProvider } from "@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials/index.js";

const { GRAPH_URL, TENANT_IDS, CLIENT_ID, CLIENT_SECRET } = process.env;

export const tenants = TENANT_IDS.split(",");

/** An Azure credential as an app has it; another secret is a wrong one. */
export function credential(tenant, secret = CLIENT_SECRET) {
  return new ClientSecretCredential(tenant, CLIENT_ID, secret, {
    authorityHost: GRAPH_URL,
    disableInstanceDiscovery: true,
  });
}

/** The scope of everything that was consented to. */
export const scope = `${GRAPH_URL}/.default`;

/** Microsoft's client with its usual middleware: authentication, retries, redirects. */
export function graph(tenant, secret) {
  return Client.initWithMiddleware({
    authProvider: new TokenCredentialAuthenticationProvider(credential(tenant, secret), { scopes: [scope] }),
    baseUrl: `${GRAPH_URL}/`,
    customHosts: new Set([new URL(GRAPH_URL).hostname]),
  });
}

/** Calls the simulator's own API. */
export async function sim(method, path, body) {
  const response = await fetch(`${GRAPH_URL}/_sim/${path}`, { method, body: body === undefined ? undefined : JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text === "" ? undefined : JSON.parse(text);
}

/** Repeats until a look finds what is wanted: Graph's replicas and deltas lag. */
export async function eventually(look, deadline = 30_000) {
  const end = Date.now() + deadline;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`not seen within ${deadline / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** Follows a delta round, or a listing, to its end. */
export async function round(client, url) {
  const objects = [];
  for (;;) {
    const page = await client.api(url).get();
    objects.push(...page.value);
    if (page["@odata.deltaLink"]) return { objects, deltaLink: page["@odata.deltaLink"] };
    url = page["@odata.nextLink"];
  }
}
