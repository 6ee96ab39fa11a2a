// A seed by the types of openapi-typescript: `make_seed.js URL DATASET`.
import createClient from "openapi-fetch";
import type { paths } from "./schema.js";

const [baseUrl, datasetId] = process.argv.slice(2) as [string, string];
const client = createClient<paths>({ baseUrl });
const path = { dataset_id: datasetId };

const { data: seed, error } = await client.POST("/v1/datasets/{dataset_id}/seeds", {
  params: { path },
  body: { budget: { fraction: 0.4 } },
});
if (error) throw new Error(error.detail);
if (!seed || !("scenes" in seed)) throw new Error("an operation, where a seed was expected");
const { data: csv } = await client.GET("/v1/seeds/{seed_id}/export", {
  params: { path: { seed_id: seed.id }, query: { format: "csv" } },
  parseAs: "text",
});
const { error: missing } = await client.GET("/v1/datasets/{dataset_id}", {
  params: { path: { dataset_id: "none" } },
});
console.log(JSON.stringify({
  scenes: seed.scenes.map((scene) => scene.scene_id),
  cost: seed.total_cost,
  limit: seed.budget.limit,
  csv,
  missing: [missing?.detail !== undefined, missing?.status],
}));
