BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE application_versions (
    version_id TEXT NOT NULL PRIMARY KEY,
    version_name TEXT NOT NULL UNIQUE,
    version_timestamp INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000),
    created_at INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000)
, "application_name" TEXT DEFAULT NULL);
INSERT INTO "application_versions" VALUES('2d6d0587-f0c9-4e8d-9c17-11869a2bc555','1',1796057334000,1796057334000,'seedal');
CREATE TABLE datasets (
	id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	status VARCHAR NOT NULL, 
	error VARCHAR, 
	source JSON NOT NULL, 
	features JSON NOT NULL, 
	resolved_features JSON, 
	resource VARCHAR, 
	resources JSON NOT NULL, 
	cost_origin VARCHAR, 
	scene_count INTEGER, 
	usable_scene_count INTEGER, 
	total_cost DOUBLE, 
	cheapest_cost DOUBLE, 
	signatures_key VARCHAR, 
	left_out_count INTEGER NOT NULL, 
	left_out JSON NOT NULL, 
	image_failure_count INTEGER NOT NULL, 
	image_failures JSON NOT NULL, 
	notes JSON NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_datasets PRIMARY KEY (id)
);
INSERT INTO "datasets" VALUES('01a22d5b-f22f-7604-969a-b8d61221360e','Bürohaus','ready',NULL,'{"kind": "images", "root": "@POOL@", "images_root": null, "split": "all", "scene_from": null, "unit": "scene"}','{"backbone": "colour_grid", "token": "auto", "clusters": 3, "sparsify": null}','{"backbone": "colour_grid", "weights_id": "b93e0d0f8688a83d3aa8beb37dada29e3f6555f479ffd382683495f9ecb367ce", "precision": "float32", "token": "cls", "clusters": 3, "sparsify": null}','images','["images"]','number of images',6,6,12.0,2.0,'0b101821114e79fc0af425939049cc49b71a3ccc627fee971e67e4f0caa3f9c3',0,'[]',0,'[]','["Scenes have several images each, so whole images are compared.", "colour_grid sees colours only: good for a trial, not for a seed to label."]','2026-11-30 16:48:50.223222');
INSERT INTO "datasets" VALUES('01a22d5d-4ec8-706c-bba5-e7a4d4472ea9','left','registered',NULL,'{"kind": "images", "root": "@POOL@", "images_root": null, "split": "all", "scene_from": null, "unit": "scene"}','{"backbone": "colour_grid", "token": "auto", "clusters": 3, "sparsify": null}',NULL,NULL,'[]',NULL,NULL,NULL,NULL,NULL,NULL,0,'[]',0,'[]','[]','2026-11-30 16:50:19.464995');
CREATE TABLE dbos_migrations (version INTEGER NOT NULL PRIMARY KEY);
INSERT INTO "dbos_migrations" VALUES(125);
CREATE TABLE notifications (
    message_uuid TEXT NOT NULL DEFAULT (hex(randomblob(16))) PRIMARY KEY,
    destination_uuid TEXT NOT NULL,
    topic TEXT,
    message TEXT NOT NULL,
    created_at_epoch_ms INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000), "serialization" TEXT DEFAULT NULL, "consumed" BOOLEAN NOT NULL DEFAULT FALSE, consumed_by_function_id INTEGER,
    FOREIGN KEY (destination_uuid) REFERENCES workflow_status(workflow_uuid) 
        ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE TABLE "operation_outputs" (
    workflow_uuid TEXT NOT NULL,
    function_id INTEGER NOT NULL,
    function_name TEXT NOT NULL DEFAULT '',
    output TEXT,
    error TEXT,
    child_workflow_id TEXT,
    started_at_epoch_ms INTEGER,
    completed_at_epoch_ms INTEGER,
    serialization TEXT,
    application_name TEXT DEFAULT NULL,
    retention_timestamp INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000),
    PRIMARY KEY (workflow_uuid, function_id)
);
INSERT INTO "operation_outputs" VALUES('01a22d5b-f266-733f-b5d7-58f27688e300',1,'read_source','"more"',NULL,NULL,1796057336162,1796057336249,'portable_json','seedal',1796057336000);
INSERT INTO "operation_outputs" VALUES('01a22d5b-f266-733f-b5d7-58f27688e300',2,'extract_group','"done"',NULL,NULL,1796057336265,1796057338213,'portable_json','seedal',1796057338000);
INSERT INTO "operation_outputs" VALUES('01a22d5b-f266-733f-b5d7-58f27688e300',3,'finish','"done"',NULL,NULL,1796057338224,1796057338501,'portable_json','seedal',1796057338000);
CREATE TABLE operations (
	id VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	dataset_id VARCHAR NOT NULL, 
	status VARCHAR NOT NULL, 
	done INTEGER NOT NULL, 
	total INTEGER, 
	error VARCHAR, 
	created_at DATETIME NOT NULL, 
	started_at DATETIME, 
	finished_at DATETIME, 
	CONSTRAINT pk_operations PRIMARY KEY (id), 
	CONSTRAINT fk_operations_dataset_id FOREIGN KEY(dataset_id) REFERENCES datasets (id) ON DELETE CASCADE
);
INSERT INTO "operations" VALUES('01a22d5b-f266-733f-b5d7-58f27688e300','extraction','01a22d5b-f22f-7604-969a-b8d61221360e','succeeded',12,12,NULL,'2026-11-30 16:48:50.278938','2026-11-30 16:48:56.181708','2026-11-30 16:48:58.475396');
INSERT INTO "operations" VALUES('01a22d5d-4eef-712a-b990-669eb8cfd613','extraction','01a22d5d-4ec8-706c-bba5-e7a4d4472ea9','not_started',0,NULL,NULL,'2026-11-30 16:50:19.503814',NULL,NULL);
CREATE TABLE queues (
    queue_id TEXT PRIMARY KEY DEFAULT (hex(randomblob(16))),
    name TEXT NOT NULL UNIQUE,
    concurrency INTEGER,
    worker_concurrency INTEGER,
    rate_limit_max INTEGER,
    rate_limit_period_sec REAL,
    priority_enabled BOOLEAN NOT NULL DEFAULT FALSE,
    partition_queue BOOLEAN NOT NULL DEFAULT FALSE,
    polling_interval_sec REAL NOT NULL DEFAULT 1.0,
    created_at INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000),
    updated_at INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000)
, "application_name" TEXT DEFAULT NULL, "partition_concurrency" INTEGER DEFAULT NULL, "partition_worker_concurrency" INTEGER DEFAULT NULL, "partition_rate_limit_max" INTEGER DEFAULT NULL, "partition_rate_limit_period_sec" REAL DEFAULT NULL);
INSERT INTO "queues" VALUES('8A1CFC34E047D01976B7903B94DC4F7D','extraction',NULL,1,NULL,NULL,1,0,0.2,1796057334000,1796057334849,'seedal',NULL,NULL,NULL,NULL);
CREATE TABLE scenes (
	dataset_id VARCHAR NOT NULL, 
	position INTEGER NOT NULL, 
	scene_id VARCHAR NOT NULL, 
	costs JSON NOT NULL, 
	group_name VARCHAR, 
	images JSON NOT NULL, 
	regions JSON, 
	pointcloud VARCHAR, 
	external_ids JSON NOT NULL, 
	meta JSON NOT NULL, 
	usable BOOLEAN, 
	left_out_reason VARCHAR, 
	CONSTRAINT pk_scenes PRIMARY KEY (dataset_id, position), 
	CONSTRAINT fk_scenes_dataset_id FOREIGN KEY(dataset_id) REFERENCES datasets (id) ON DELETE CASCADE, 
	CONSTRAINT uq_scenes_dataset_id_scene_id UNIQUE (dataset_id, scene_id)
);
INSERT INTO "scenes" VALUES('01a22d5b-f22f-7604-969a-b8d61221360e',0,'room 0','{"images": 2.0}',NULL,'[{"uri": "@POOL@/room 0/0.png", "sensor": null, "frame": null}, {"uri": "@POOL@/room 0/1.png", "sensor": null, "frame": null}]',NULL,NULL,'{}','{}',1,NULL);
INSERT INTO "scenes" VALUES('01a22d5b-f22f-7604-969a-b8d61221360e',1,'room 1','{"images": 2.0}',NULL,'[{"uri": "@POOL@/room 1/0.png", "sensor": null, "frame": null}, {"uri": "@POOL@/room 1/1.png", "sensor": null, "frame": null}]',NULL,NULL,'{}','{}',1,NULL);
INSERT INTO "scenes" VALUES('01a22d5b-f22f-7604-969a-b8d61221360e',2,'room 2','{"images": 2.0}',NULL,'[{"uri": "@POOL@/room 2/0.png", "sensor": null, "frame": null}, {"uri": "@POOL@/room 2/1.png", "sensor": null, "frame": null}]',NULL,NULL,'{}','{}',1,NULL);
INSERT INTO "scenes" VALUES('01a22d5b-f22f-7604-969a-b8d61221360e',3,'room 3','{"images": 2.0}',NULL,'[{"uri": "@POOL@/room 3/0.png", "sensor": null, "frame": null}, {"uri": "@POOL@/room 3/1.png", "sensor": null, "frame": null}]',NULL,NULL,'{}','{}',1,NULL);
INSERT INTO "scenes" VALUES('01a22d5b-f22f-7604-969a-b8d61221360e',4,'room 4','{"images": 2.0}',NULL,'[{"uri": "@POOL@/room 4/0.png", "sensor": null, "frame": null}, {"uri": "@POOL@/room 4/1.png", "sensor": null, "frame": null}]',NULL,NULL,'{}','{}',1,NULL);
INSERT INTO "scenes" VALUES('01a22d5b-f22f-7604-969a-b8d61221360e',5,'room 5','{"images": 2.0}',NULL,'[{"uri": "@POOL@/room 5/0.png", "sensor": null, "frame": null}, {"uri": "@POOL@/room 5/1.png", "sensor": null, "frame": null}]',NULL,NULL,'{}','{}',1,NULL);
CREATE TABLE seeds (
	id VARCHAR NOT NULL, 
	dataset_id VARCHAR NOT NULL, 
	question_hash VARCHAR NOT NULL, 
	answer JSON NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_seeds PRIMARY KEY (id), 
	CONSTRAINT fk_seeds_dataset_id FOREIGN KEY(dataset_id) REFERENCES datasets (id) ON DELETE CASCADE, 
	CONSTRAINT uq_seeds_dataset_id_question_hash UNIQUE (dataset_id, question_hash)
);
INSERT INTO "seeds" VALUES('01a22d5d-31a1-728f-9c67-0837320f7f04','01a22d5b-f22f-7604-969a-b8d61221360e','80a6882f208d2f8a4ac701482f94b48228c66e90ddd351cf475c21e3ce57ec61','{"id": "01a22d5d-31a1-728f-9c67-0837320f7f04", "dataset_id": "01a22d5b-f22f-7604-969a-b8d61221360e", "status": "optimal", "stop_reason": "proven", "objective": 3.087880936247908, "upper_bound": 3.087880936247908, "gap": 0.0, "budget": {"limit": 6.0, "resource": "images", "fraction": 0.5}, "total_cost": 6.0, "scenes": [{"scene_id": "room 3", "rank": 1, "cost": 2.0, "gain": 2.094067371012925, "represents": 2, "group": null}, {"scene_id": "room 4", "rank": 2, "cost": 2.0, "gain": 2.0641869123456664, "represents": 1, "group": null}, {"scene_id": "room 1", "rank": 3, "cost": 2.0, "gain": 2.017507589137223, "represents": 0, "group": null}], "solver": {"objective": "seedal", "strategy": "auto", "used": "greedy", "seconds": 33.249986038001225, "time_limit_s": 10.0, "gap": 0.0, "random_seed": 0, "notes": ["exact proved the selection of greedy."]}, "provenance": {"dataset_key": "0b101821114e79fc0af425939049cc49b71a3ccc627fee971e67e4f0caa3f9c3", "backbone": "colour_grid", "weights_id": "b93e0d0f8688a83d3aa8beb37dada29e3f6555f479ffd382683495f9ecb367ce", "precision": "float32", "token": "cls", "clusters": 3, "sparsify": null, "versions": {"seedal-service": "0.1.0", "numpy": "2.4.6", "ortools": "9.15.6755", "pulp": "3.3.2"}}, "created_at": "2026-11-30T16:50:12.003457Z"}','2026-11-30 16:50:12.003457');
CREATE TABLE streams (
    workflow_uuid TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    "offset" INTEGER NOT NULL, function_id INTEGER NOT NULL DEFAULT 0, "serialization" TEXT DEFAULT NULL,
    PRIMARY KEY (workflow_uuid, key, "offset"),
    FOREIGN KEY (workflow_uuid) REFERENCES workflow_status(workflow_uuid) 
        ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE TABLE workflow_events (
    workflow_uuid TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL, "serialization" TEXT DEFAULT NULL,
    PRIMARY KEY (workflow_uuid, key),
    FOREIGN KEY (workflow_uuid) REFERENCES workflow_status(workflow_uuid) 
        ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE TABLE workflow_events_history (
    workflow_uuid TEXT NOT NULL,
    function_id INTEGER NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL, "serialization" TEXT DEFAULT NULL,
    PRIMARY KEY (workflow_uuid, function_id, key),
    FOREIGN KEY (workflow_uuid) REFERENCES workflow_status(workflow_uuid)
        ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE TABLE workflow_input (
    workflow_uuid TEXT NOT NULL PRIMARY KEY,
    inputs TEXT,
    retention_timestamp INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000)
);
INSERT INTO "workflow_input" VALUES('01a22d5b-f266-733f-b5d7-58f27688e300','{"namedArgs":{},"positionalArgs":["01a22d5b-f266-733f-b5d7-58f27688e300","01a22d5b-f22f-7604-969a-b8d61221360e"]}',1796057330000);
INSERT INTO "workflow_input" VALUES('01a22d5d-4eef-712a-b990-669eb8cfd613','{"namedArgs":{},"positionalArgs":["01a22d5d-4eef-712a-b990-669eb8cfd613","01a22d5d-4ec8-706c-bba5-e7a4d4472ea9"]}',1796057419000);
CREATE TABLE workflow_output (
    workflow_uuid TEXT NOT NULL PRIMARY KEY,
    output TEXT,
    error TEXT,
    retention_timestamp INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000)
);
INSERT INTO "workflow_output" VALUES('01a22d5b-f266-733f-b5d7-58f27688e300','null',NULL,1796057338000);
CREATE TABLE workflow_schedules (
    schedule_id TEXT PRIMARY KEY,
    schedule_name TEXT NOT NULL UNIQUE,
    workflow_name TEXT NOT NULL,
    workflow_class_name TEXT,
    schedule TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'ACTIVE',
    context TEXT NOT NULL
, "last_fired_at" TEXT DEFAULT NULL, "automatic_backfill" BOOLEAN NOT NULL DEFAULT FALSE, "cron_timezone" TEXT DEFAULT NULL, "queue_name" TEXT DEFAULT NULL, "application_name" TEXT DEFAULT NULL);
CREATE TABLE workflow_status (
    workflow_uuid TEXT PRIMARY KEY,
    status TEXT,
    name TEXT,
    authenticated_user TEXT,
    assumed_role TEXT,
    authenticated_roles TEXT,
    request TEXT,
    output TEXT,
    error TEXT,
    executor_id TEXT,
    created_at INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000),
    updated_at INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000),
    application_version TEXT,
    application_id TEXT,
    class_name TEXT DEFAULT NULL,
    config_name TEXT DEFAULT NULL,
    recovery_attempts INTEGER DEFAULT 0,
    queue_name TEXT,
    workflow_timeout_ms INTEGER,
    workflow_deadline_epoch_ms INTEGER,
    inputs TEXT,
    started_at_epoch_ms INTEGER,
    deduplication_id TEXT,
    priority INTEGER NOT NULL DEFAULT 0
, queue_partition_key TEXT, forked_from TEXT, "owner_xid" TEXT DEFAULT NULL, "parent_workflow_id" TEXT DEFAULT NULL, "serialization" TEXT DEFAULT NULL, "delay_until_epoch_ms" BIGINT DEFAULT NULL, "was_forked_from" BOOLEAN NOT NULL DEFAULT FALSE, "rate_limited" BOOLEAN NOT NULL DEFAULT FALSE, "completed_at" BIGINT, "attributes" TEXT, "schedule_name" TEXT, "debounce_deadline_epoch_ms" BIGINT DEFAULT NULL, "is_debounced" BOOLEAN NOT NULL DEFAULT FALSE, "application_name" TEXT DEFAULT NULL, "creator_xid" TEXT DEFAULT NULL);
INSERT INTO "workflow_status" VALUES('01a22d5b-f266-733f-b5d7-58f27688e300','SUCCESS','extract_dataset',NULL,NULL,NULL,NULL,NULL,NULL,'slot-0',1796057330000,1796057338000,'1',NULL,NULL,NULL,1,'extraction',NULL,NULL,NULL,1796057336000,NULL,0,NULL,NULL,NULL,NULL,'portable_json',NULL,0,0,1796057338000,'null',NULL,NULL,0,'seedal','b3072a62-cf0e-4246-9543-5b5265b10195');
INSERT INTO "workflow_status" VALUES('01a22d5d-4eef-712a-b990-669eb8cfd613','ENQUEUED','extract_dataset',NULL,NULL,NULL,NULL,NULL,NULL,NULL,1796057419000,1796057419000,'1',NULL,NULL,NULL,0,'extraction',NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,'portable_json',NULL,0,0,NULL,'null',NULL,NULL,0,'seedal','89e7e486-6643-423c-a5dc-95c83259bcb7');
CREATE INDEX ix_operations_dataset_id ON operations (dataset_id);
CREATE INDEX ix_operations_status ON operations (status);
CREATE INDEX workflow_status_created_at_index ON workflow_status (created_at);
CREATE INDEX idx_workflow_topic ON notifications (destination_uuid, topic);
CREATE INDEX "idx_workflow_status_delayed" ON "workflow_status" ("delay_until_epoch_ms") WHERE status = 'DELAYED';
CREATE INDEX "idx_workflow_status_forked_from" ON "workflow_status" ("forked_from") WHERE "forked_from" IS NOT NULL;
CREATE INDEX "idx_workflow_status_parent_workflow_id" ON "workflow_status" ("parent_workflow_id") WHERE "parent_workflow_id" IS NOT NULL;
CREATE UNIQUE INDEX "uq_workflow_status_dedup_id" ON "workflow_status" ("queue_name", "deduplication_id") WHERE "deduplication_id" IS NOT NULL;
CREATE INDEX "idx_workflow_status_pending" ON "workflow_status" ("created_at") WHERE "status" = 'PENDING';
CREATE INDEX "idx_workflow_status_failed" ON "workflow_status" ("status", "created_at") WHERE "status" IN ('ERROR', 'CANCELLED', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED');
CREATE INDEX "idx_workflow_status_rate_limited" ON "workflow_status" ("queue_name", "started_at_epoch_ms") WHERE "rate_limited" = TRUE;
CREATE INDEX "idx_workflow_status_completed_at" ON "workflow_status" ("completed_at") WHERE "completed_at" IS NOT NULL;
CREATE INDEX "idx_workflow_status_started_at" ON "workflow_status" ("started_at_epoch_ms") WHERE "started_at_epoch_ms" IS NOT NULL;
CREATE INDEX "idx_workflow_status_schedule_name" ON "workflow_status" ("schedule_name") WHERE "schedule_name" IS NOT NULL;
CREATE UNIQUE INDEX "uq_application_versions_owner_version"
    ON application_versions ("application_name", "version_name")
    WHERE "application_name" IS NOT NULL;
CREATE UNIQUE INDEX "uq_application_versions_unclaimed_version"
    ON application_versions ("version_name")
    WHERE "application_name" IS NULL;
CREATE INDEX idx_workflow_input_retention
    ON workflow_input (retention_timestamp);
CREATE INDEX idx_workflow_output_retention
    ON workflow_output (retention_timestamp);
CREATE INDEX idx_operation_outputs_retention
    ON operation_outputs (retention_timestamp);
CREATE INDEX "idx_workflow_status_in_flight_v2" ON "workflow_status" ("queue_name", "status", "priority", "created_at", "application_name") WHERE "status" IN ('ENQUEUED', 'PENDING');
CREATE INDEX "idx_workflow_status_partition_dequeue_v3" ON "workflow_status" ("queue_name", "status", "queue_partition_key", "priority", "created_at", "workflow_uuid", "application_name") WHERE "status" IN ('ENQUEUED', 'PENDING') AND "queue_partition_key" IS NOT NULL;
CREATE INDEX "idx_operation_outputs_completed_at_function_name_v2" ON "operation_outputs" ("completed_at_epoch_ms", "function_name", "application_name");
CREATE INDEX "idx_workflow_status_deadline" ON "workflow_status" ("workflow_deadline_epoch_ms") WHERE "status" IN ('ENQUEUED', 'PENDING', 'DELAYED') AND "workflow_deadline_epoch_ms" IS NOT NULL;
CREATE INDEX "idx_application_versions_timestamp" ON "application_versions" ("version_timestamp" DESC);
CREATE INDEX "idx_application_versions_owner_timestamp" ON "application_versions" ("application_name", "version_timestamp" DESC);
COMMIT;
