BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0003');
CREATE TABLE api_keys (
	id VARCHAR NOT NULL, 
	project VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	prefix VARCHAR NOT NULL, 
	secret_hash VARCHAR NOT NULL, 
	scopes JSON NOT NULL, 
	created_at DATETIME NOT NULL, 
	expires_at DATETIME, 
	revoked_at DATETIME, 
	CONSTRAINT pk_api_keys PRIMARY KEY (id), 
	CONSTRAINT uq_api_keys_prefix UNIQUE (prefix)
);
INSERT INTO "api_keys" VALUES('01a2310e-e6ce-7719-bd20-9e874327416e','default','old','4f65d3c98411','6ccffc484cdd85df9782516cc70149322fa090203845dd6980998368633f0df2','["datasets:read", "datasets:write", "seeds:read", "seeds:write"]','2026-12-01 10:03:09.902421',NULL,NULL);
CREATE TABLE application_versions (
    version_id TEXT NOT NULL PRIMARY KEY,
    version_name TEXT NOT NULL UNIQUE,
    version_timestamp INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000),
    created_at INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000)
, "application_name" TEXT DEFAULT NULL);
INSERT INTO "application_versions" VALUES('b78deedc-cc44-4f18-a08f-103c2c8920c1','1',1796119365000,1796119365000,'seedal');
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
	created_at DATETIME NOT NULL, project VARCHAR DEFAULT 'default' NOT NULL, labels_version INTEGER DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_datasets PRIMARY KEY (id)
);
INSERT INTO "datasets" VALUES('01a2310e-7f6c-72c6-9203-5d160c534c53','Bürohaus','ready',NULL,'{"kind": "images", "root": "@POOL@", "images_root": null, "split": "all", "scene_from": null, "unit": "scene"}','{"backbone": "colour_grid", "token": "patches", "clusters": 3, "sparsify": null}','{"backbone": "colour_grid", "weights_id": "b93e0d0f8688a83d3aa8beb37dada29e3f6555f479ffd382683495f9ecb367ce", "precision": "float32", "token": "patches", "clusters": 3, "sparsify": null}','images','["images"]','number of images',6,6,12.0,2.0,'d3800e2c9df758377efda100ce231d64db2b32b2b601fae159982ee3fff166bd',0,'[]',0,'[]','["colour_grid sees colours only: good for a trial, not for a seed to label."]','2026-12-01 10:02:43.436385','default',0);
INSERT INTO "datasets" VALUES('01a2310e-e2ef-7256-9e1d-2528d01a5523','left','registered',NULL,'{"kind": "images", "root": "@POOL@", "images_root": null, "split": "all", "scene_from": null, "unit": "scene"}','{"backbone": "colour_grid", "token": "patches", "clusters": 3, "sparsify": null}',NULL,NULL,'[]',NULL,NULL,NULL,NULL,NULL,NULL,0,'[]',0,'[]','[]','2026-12-01 10:03:08.911979','default',0);
CREATE TABLE dbos_migrations (version INTEGER NOT NULL PRIMARY KEY);
INSERT INTO "dbos_migrations" VALUES(125);
CREATE TABLE deliveries (
	id VARCHAR NOT NULL, 
	operation_id VARCHAR NOT NULL, 
	url VARCHAR NOT NULL, 
	secret VARCHAR NOT NULL, 
	status VARCHAR NOT NULL, 
	body VARCHAR, 
	attempts INTEGER NOT NULL, 
	last_error VARCHAR, 
	due_at DATETIME, 
	CONSTRAINT pk_deliveries PRIMARY KEY (id), 
	CONSTRAINT fk_deliveries_operation_id FOREIGN KEY(operation_id) REFERENCES operations (id) ON DELETE CASCADE, 
	CONSTRAINT uq_deliveries_operation_id UNIQUE (operation_id)
);
INSERT INTO "deliveries" VALUES('msg_01a2310e-e2f6-7452-8eae-9f4895ec7435','01a2310e-e2f6-7452-8eae-9f47d887ad99','http://127.0.0.1:9999/hook','whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw','waiting',NULL,0,NULL,NULL);
CREATE TABLE frontiers (
	project VARCHAR NOT NULL, 
	id VARCHAR NOT NULL, 
	dataset_id VARCHAR NOT NULL, 
	question_hash VARCHAR NOT NULL, 
	answer JSON NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_frontiers PRIMARY KEY (id), 
	CONSTRAINT fk_frontiers_dataset_id FOREIGN KEY(dataset_id) REFERENCES datasets (id) ON DELETE CASCADE, 
	CONSTRAINT uq_frontiers_dataset_id_question_hash UNIQUE (dataset_id, question_hash)
);
INSERT INTO "frontiers" VALUES('default','01a2310e-d94f-7710-9439-723a42ad19b9','01a2310e-7f6c-72c6-9203-5d160c534c53','4b2fb039293a836a25508a1457531e4a0c2a572505268ad5cc62a7a5b1e87576','{"id": "01a2310e-d94f-7710-9439-723a42ad19b9", "dataset_id": "01a2310e-7f6c-72c6-9203-5d160c534c53", "objective_name": "coverage", "nested": false, "points": [{"budget": {"limit": 4.800000000000001, "resource": "images", "fraction": 0.4000000000000001}, "objective": 0.5431951552745984, "upper_bound": 0.619634116715575, "gap": 0.14072099262802676, "total_cost": 4.0, "scene_count": 2, "added": ["room 0", "room 1"], "removed": [], "price_of_nesting": 0.0, "baselines": {}}, {"budget": {"limit": 9.600000000000001, "resource": "images", "fraction": 0.8000000000000002}, "objective": 0.724888913418773, "upper_bound": 0.724888913418773, "gap": 0.0, "total_cost": 8.0, "scene_count": 4, "added": ["room 2", "room 3", "room 4", "room 5"], "removed": ["room 0", "room 1"], "price_of_nesting": 0.0, "baselines": {}}], "knee": null, "seconds": 6.215117175990599, "notes": ["The objective is coverage: many budgets have one objective."], "side_budgets": [], "constraints": {"include": [], "exclude": [], "labelled": [], "min_scenes": 0, "max_scenes": null, "groups": []}, "provenance": {"dataset_key": "d3800e2c9df758377efda100ce231d64db2b32b2b601fae159982ee3fff166bd", "backbone": "colour_grid", "weights_id": "b93e0d0f8688a83d3aa8beb37dada29e3f6555f479ffd382683495f9ecb367ce", "precision": "float32", "token": "patches", "clusters": 3, "sparsify": null, "versions": {"seedal-service": "0.1.0", "numpy": "2.4.6", "ortools": "9.15.6755", "pulp": "3.3.2"}}, "created_at": "2026-12-01T10:03:06.448701Z"}','2026-12-01 10:03:06.448701');
CREATE TABLE idempotency_keys (
	project VARCHAR NOT NULL, 
	call VARCHAR NOT NULL, 
	"key" VARCHAR NOT NULL, 
	fingerprint VARCHAR NOT NULL, 
	answer JSON NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_idempotency_keys PRIMARY KEY (project, call, "key")
);
INSERT INTO "idempotency_keys" VALUES('default','POST /v1/datasets','-v1-datasets','ed62b8f61c0beb2db0c961172d18f4aaf45eb6766680e10eb5fb04561c3cfec8','{"kind": "RegisteredDataset", "body": {"dataset": {"id": "01a2310e-7f6c-72c6-9203-5d160c534c53", "name": "B\u00fcrohaus", "status": "registered", "error": null, "source": {"kind": "images", "uri": null, "root": "@POOL@", "images_root": null, "split": "all", "scene_from": null, "unit": "scene", "cost_origin": null}, "features": {"requested": {"backbone": "colour_grid", "token": "patches", "clusters": 3, "sparsify": null}, "resolved": null}, "resource": null, "resources": [], "scene_count": null, "usable_scene_count": null, "total_cost": null, "cheapest_cost": null, "left_out_count": 0, "left_out": [], "image_failure_count": 0, "image_failures": [], "notes": [], "operation_id": "01a2310e-7f6e-7290-bb2a-db284c196fb4", "created_at": "2026-12-01T10:02:43.436385Z"}, "operation": {"id": "01a2310e-7f6e-7290-bb2a-db284c196fb4", "kind": "extraction", "dataset_id": "01a2310e-7f6c-72c6-9203-5d160c534c53", "status": "not_started", "percent_complete": 0.0, "version": 0, "done": 0, "total": null, "images_per_s": null, "remaining_s": null, "incumbent": null, "upper_bound": null, "gap": null, "elapsed_s": null, "seed_id": null, "frontier_id": null, "error": null, "callback": null, "created_at": "2026-12-01T10:02:43.438271Z", "started_at": null, "finished_at": null}}}','2026-12-01 10:02:43.445651');
INSERT INTO "idempotency_keys" VALUES('default','POST /v1/datasets/01a2310e-7f6c-72c6-9203-5d160c534c53/seeds','-v1-datasets-01a2310e-7f6c-72c6-9203-5d160c534c53-seeds','c036d32b63d2164a4c8d633b5b346abd0f92d3aff7707d6ce0fcff98fa733ec8','{"kind": "Seed", "body": {"id": "01a2310e-beb1-73ec-bf93-310f2935ade4", "dataset_id": "01a2310e-7f6c-72c6-9203-5d160c534c53", "status": "feasible", "stop_reason": "time_limit", "objective": 0.8306017343610438, "upper_bound": 0.8562645858619671, "gap": 0.030896698669507266, "budget": {"limit": 6.0, "resource": "images", "fraction": 0.5}, "total_cost": 6.0, "scenes": [{"scene_id": "room 2", "rank": 1, "cost": 2.0, "gain": 0.145312549387046, "represents": 2, "group": null}, {"scene_id": "room 5", "rank": 2, "cost": 2.0, "gain": 0.14601176758667808, "represents": 1, "group": null}, {"scene_id": "room 4", "rank": 3, "cost": 2.0, "gain": 0.1351980513006614, "represents": 0, "group": null}], "near_misses": [{"scene_id": "room 3", "cost": 2.0, "group": null, "gain": 0.08742624214212913, "represented_by": "room 2"}, {"scene_id": "room 0", "cost": 2.0, "group": null, "gain": 0.08267242761260797, "represented_by": "room 2"}, {"scene_id": "room 1", "cost": 2.0, "group": null, "gain": 0.08128435533304876, "represented_by": "room 5"}], "baselines": {}, "side_budgets": [], "constraints": {"include": [], "exclude": [], "labelled": [], "min_scenes": 0, "max_scenes": null, "groups": []}, "hint": null, "solver": {"objective": "balanced", "strategy": "auto", "used": "local_search", "seconds": 11.481037796009332, "time_limit_s": 10.0, "gap": 0.0, "random_seed": 0, "notes": ["The objective is balanced: of the seeds of 4 objectives, its own makes the best first model of the pool''s pseudo-tasks. It keeps at least 97.0% of the best possible balanced, proven.", "In a simulation it is better than 53% of 100 random seeds of the same budget, by pseudo-tasks that it was not chosen by.", "On measured pools like this one, recommended seeds were better than 64% of random seeds of the same cost (mean; mostly 41% to 96%). In such pools chance decides more than the choice: how the chosen images happen to be annotated.", "exact ran out of time; the selection is by local_search."]}, "recommendation": {"compared": ["coverage", "facility_location", "balanced", "k_center"], "kept": 0.9700292971067004, "simulated_rank": 0.53, "random_seeds": 100, "redundancy": 0.5404887850474965, "expected": {"percentile": 0.6398569404847387, "low": 0.412, "high": 0.963, "cells": 60}}, "provenance": {"dataset_key": "d3800e2c9df758377efda100ce231d64db2b32b2b601fae159982ee3fff166bd", "backbone": "colour_grid", "weights_id": "b93e0d0f8688a83d3aa8beb37dada29e3f6555f479ffd382683495f9ecb367ce", "precision": "float32", "token": "patches", "clusters": 3, "sparsify": null, "versions": {"seedal-service": "0.1.0", "numpy": "2.4.6", "ortools": "9.15.6755", "pulp": "3.3.2"}}, "created_at": "2026-12-01T10:02:59.635541Z"}}','2026-12-01 10:02:59.637857');
INSERT INTO "idempotency_keys" VALUES('default','POST /v1/datasets/01a2310e-7f6c-72c6-9203-5d160c534c53/frontiers','-v1-datasets-01a2310e-7f6c-72c6-9203-5d160c534c53-frontiers','b0d8be4403c92aa0653975edf35eab0856295e504fdf194c3e6b9e6648dc65c4','{"kind": "Frontier", "body": {"id": "01a2310e-d94f-7710-9439-723a42ad19b9", "dataset_id": "01a2310e-7f6c-72c6-9203-5d160c534c53", "objective_name": "coverage", "nested": false, "points": [{"budget": {"limit": 4.800000000000001, "resource": "images", "fraction": 0.4000000000000001}, "objective": 0.5431951552745984, "upper_bound": 0.619634116715575, "gap": 0.14072099262802676, "total_cost": 4.0, "scene_count": 2, "added": ["room 0", "room 1"], "removed": [], "price_of_nesting": 0.0, "baselines": {}}, {"budget": {"limit": 9.600000000000001, "resource": "images", "fraction": 0.8000000000000002}, "objective": 0.724888913418773, "upper_bound": 0.724888913418773, "gap": 0.0, "total_cost": 8.0, "scene_count": 4, "added": ["room 2", "room 3", "room 4", "room 5"], "removed": ["room 0", "room 1"], "price_of_nesting": 0.0, "baselines": {}}], "knee": null, "seconds": 6.215117175990599, "notes": ["The objective is coverage: many budgets have one objective."], "side_budgets": [], "constraints": {"include": [], "exclude": [], "labelled": [], "min_scenes": 0, "max_scenes": null, "groups": []}, "provenance": {"dataset_key": "d3800e2c9df758377efda100ce231d64db2b32b2b601fae159982ee3fff166bd", "backbone": "colour_grid", "weights_id": "b93e0d0f8688a83d3aa8beb37dada29e3f6555f479ffd382683495f9ecb367ce", "precision": "float32", "token": "patches", "clusters": 3, "sparsify": null, "versions": {"seedal-service": "0.1.0", "numpy": "2.4.6", "ortools": "9.15.6755", "pulp": "3.3.2"}}, "created_at": "2026-12-01T10:03:06.448701Z"}}','2026-12-01 10:03:06.450939');
CREATE TABLE labels (
	dataset_id VARCHAR NOT NULL, 
	source VARCHAR NOT NULL, 
	ref VARCHAR NOT NULL, 
	scene_id VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	at DATETIME NOT NULL, 
	spent JSON, 
	CONSTRAINT pk_labels PRIMARY KEY (dataset_id, source, ref), 
	CONSTRAINT fk_labels_dataset_id FOREIGN KEY(dataset_id) REFERENCES datasets (id) ON DELETE CASCADE
);
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
INSERT INTO "operation_outputs" VALUES('01a2310e-7f6e-7290-bb2a-db284c196fb4',1,'read_source','"more"',NULL,NULL,1796119366546,1796119366823,'portable_json','seedal',1796119366000);
INSERT INTO "operation_outputs" VALUES('01a2310e-7f6e-7290-bb2a-db284c196fb4',2,'extract_group','"done"',NULL,NULL,1796119366825,1796119367293,'portable_json','seedal',1796119367000);
INSERT INTO "operation_outputs" VALUES('01a2310e-7f6e-7290-bb2a-db284c196fb4',3,'finish','"done"',NULL,NULL,1796119367297,1796119367473,'portable_json','seedal',1796119367000);
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
	finished_at DATETIME, project VARCHAR DEFAULT 'default' NOT NULL, version INTEGER DEFAULT '0' NOT NULL, request JSON, incumbent DOUBLE, upper_bound DOUBLE, result_id VARCHAR, 
	CONSTRAINT pk_operations PRIMARY KEY (id), 
	CONSTRAINT fk_operations_dataset_id FOREIGN KEY(dataset_id) REFERENCES datasets (id) ON DELETE CASCADE
);
INSERT INTO "operations" VALUES('01a2310e-7f6e-7290-bb2a-db284c196fb4','extraction','01a2310e-7f6c-72c6-9203-5d160c534c53','succeeded',12,12,NULL,'2026-12-01 10:02:43.438271','2026-12-01 10:02:46.549761','2026-12-01 10:02:47.453614','default',4,NULL,NULL,NULL,NULL);
INSERT INTO "operations" VALUES('01a2310e-e2f6-7452-8eae-9f47d887ad99','extraction','01a2310e-e2ef-7256-9e1d-2528d01a5523','not_started',0,NULL,NULL,'2026-12-01 10:03:08.918639',NULL,NULL,'default',0,NULL,NULL,NULL,NULL);
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
INSERT INTO "queues" VALUES('8CB3AFEA6B04A915595F0C9A8E1789AF','extraction',NULL,1,NULL,NULL,1,0,0.2,1796119365000,1796119365331,'seedal',NULL,NULL,NULL,NULL);
INSERT INTO "queues" VALUES('3DE9314DD5250557EAE5A85DB9411191','solving',NULL,2,NULL,NULL,1,0,0.2,1796119365000,1796119365337,'seedal',NULL,NULL,NULL,NULL);
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
INSERT INTO "scenes" VALUES('01a2310e-7f6c-72c6-9203-5d160c534c53',0,'room 0','{"images": 2.0}',NULL,'[{"uri": "@POOL@/room 0/0.png", "sensor": null, "frame": null}, {"uri": "@POOL@/room 0/1.png", "sensor": null, "frame": null}]',NULL,NULL,'{}','{}',1,NULL);
INSERT INTO "scenes" VALUES('01a2310e-7f6c-72c6-9203-5d160c534c53',1,'room 1','{"images": 2.0}',NULL,'[{"uri": "@POOL@/room 1/0.png", "sensor": null, "frame": null}, {"uri": "@POOL@/room 1/1.png", "sensor": null, "frame": null}]',NULL,NULL,'{}','{}',1,NULL);
INSERT INTO "scenes" VALUES('01a2310e-7f6c-72c6-9203-5d160c534c53',2,'room 2','{"images": 2.0}',NULL,'[{"uri": "@POOL@/room 2/0.png", "sensor": null, "frame": null}, {"uri": "@POOL@/room 2/1.png", "sensor": null, "frame": null}]',NULL,NULL,'{}','{}',1,NULL);
INSERT INTO "scenes" VALUES('01a2310e-7f6c-72c6-9203-5d160c534c53',3,'room 3','{"images": 2.0}',NULL,'[{"uri": "@POOL@/room 3/0.png", "sensor": null, "frame": null}, {"uri": "@POOL@/room 3/1.png", "sensor": null, "frame": null}]',NULL,NULL,'{}','{}',1,NULL);
INSERT INTO "scenes" VALUES('01a2310e-7f6c-72c6-9203-5d160c534c53',4,'room 4','{"images": 2.0}',NULL,'[{"uri": "@POOL@/room 4/0.png", "sensor": null, "frame": null}, {"uri": "@POOL@/room 4/1.png", "sensor": null, "frame": null}]',NULL,NULL,'{}','{}',1,NULL);
INSERT INTO "scenes" VALUES('01a2310e-7f6c-72c6-9203-5d160c534c53',5,'room 5','{"images": 2.0}',NULL,'[{"uri": "@POOL@/room 5/0.png", "sensor": null, "frame": null}, {"uri": "@POOL@/room 5/1.png", "sensor": null, "frame": null}]',NULL,NULL,'{}','{}',1,NULL);
CREATE TABLE seeds (
	id VARCHAR NOT NULL, 
	dataset_id VARCHAR NOT NULL, 
	question_hash VARCHAR NOT NULL, 
	answer JSON NOT NULL, 
	created_at DATETIME NOT NULL, project VARCHAR DEFAULT 'default' NOT NULL, summary JSON DEFAULT '{}' NOT NULL, 
	CONSTRAINT pk_seeds PRIMARY KEY (id), 
	CONSTRAINT fk_seeds_dataset_id FOREIGN KEY(dataset_id) REFERENCES datasets (id) ON DELETE CASCADE, 
	CONSTRAINT uq_seeds_dataset_id_question_hash UNIQUE (dataset_id, question_hash)
);
INSERT INTO "seeds" VALUES('01a2310e-beb1-73ec-bf93-310f2935ade4','01a2310e-7f6c-72c6-9203-5d160c534c53','5f7a12d0147d2446696d49088c06e258822e364cadb2140f74aae30c450a31d5','{"id": "01a2310e-beb1-73ec-bf93-310f2935ade4", "dataset_id": "01a2310e-7f6c-72c6-9203-5d160c534c53", "status": "feasible", "stop_reason": "time_limit", "objective": 0.8306017343610438, "upper_bound": 0.8562645858619671, "gap": 0.030896698669507266, "budget": {"limit": 6.0, "resource": "images", "fraction": 0.5}, "total_cost": 6.0, "scenes": [{"scene_id": "room 2", "rank": 1, "cost": 2.0, "gain": 0.145312549387046, "represents": 2, "group": null}, {"scene_id": "room 5", "rank": 2, "cost": 2.0, "gain": 0.14601176758667808, "represents": 1, "group": null}, {"scene_id": "room 4", "rank": 3, "cost": 2.0, "gain": 0.1351980513006614, "represents": 0, "group": null}], "near_misses": [{"scene_id": "room 3", "cost": 2.0, "group": null, "gain": 0.08742624214212913, "represented_by": "room 2"}, {"scene_id": "room 0", "cost": 2.0, "group": null, "gain": 0.08267242761260797, "represented_by": "room 2"}, {"scene_id": "room 1", "cost": 2.0, "group": null, "gain": 0.08128435533304876, "represented_by": "room 5"}], "baselines": {}, "side_budgets": [], "constraints": {"include": [], "exclude": [], "labelled": [], "min_scenes": 0, "max_scenes": null, "groups": []}, "hint": null, "solver": {"objective": "balanced", "strategy": "auto", "used": "local_search", "seconds": 11.481037796009332, "time_limit_s": 10.0, "gap": 0.0, "random_seed": 0, "notes": ["The objective is balanced: of the seeds of 4 objectives, its own makes the best first model of the pool''s pseudo-tasks. It keeps at least 97.0% of the best possible balanced, proven.", "In a simulation it is better than 53% of 100 random seeds of the same budget, by pseudo-tasks that it was not chosen by.", "On measured pools like this one, recommended seeds were better than 64% of random seeds of the same cost (mean; mostly 41% to 96%). In such pools chance decides more than the choice: how the chosen images happen to be annotated.", "exact ran out of time; the selection is by local_search."]}, "recommendation": {"compared": ["coverage", "facility_location", "balanced", "k_center"], "kept": 0.9700292971067004, "simulated_rank": 0.53, "random_seeds": 100, "redundancy": 0.5404887850474965, "expected": {"percentile": 0.6398569404847387, "low": 0.412, "high": 0.963, "cells": 60}}, "provenance": {"dataset_key": "d3800e2c9df758377efda100ce231d64db2b32b2b601fae159982ee3fff166bd", "backbone": "colour_grid", "weights_id": "b93e0d0f8688a83d3aa8beb37dada29e3f6555f479ffd382683495f9ecb367ce", "precision": "float32", "token": "patches", "clusters": 3, "sparsify": null, "versions": {"seedal-service": "0.1.0", "numpy": "2.4.6", "ortools": "9.15.6755", "pulp": "3.3.2"}}, "created_at": "2026-12-01T10:02:59.635541Z"}','2026-12-01 10:02:59.635541','default','{"id": "01a2310e-beb1-73ec-bf93-310f2935ade4", "dataset_id": "01a2310e-7f6c-72c6-9203-5d160c534c53", "status": "feasible", "objective": 0.8306017343610438, "objective_name": "balanced", "strategy": "auto", "upper_bound": 0.8562645858619671, "gap": 0.030896698669507266, "budget": {"limit": 6.0, "resource": "images", "fraction": 0.5}, "total_cost": 6.0, "scene_count": 3, "created_at": "2026-12-01T10:02:59.635541Z"}');
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
INSERT INTO "workflow_input" VALUES('01a2310e-7f6e-7290-bb2a-db284c196fb4','{"namedArgs":{},"positionalArgs":["01a2310e-7f6e-7290-bb2a-db284c196fb4","01a2310e-7f6c-72c6-9203-5d160c534c53"]}',1796119363000);
INSERT INTO "workflow_input" VALUES('01a2310e-e2f6-7452-8eae-9f47d887ad99','{"namedArgs":{},"positionalArgs":["01a2310e-e2f6-7452-8eae-9f47d887ad99","01a2310e-e2ef-7256-9e1d-2528d01a5523"]}',1796119388000);
CREATE TABLE workflow_output (
    workflow_uuid TEXT NOT NULL PRIMARY KEY,
    output TEXT,
    error TEXT,
    retention_timestamp INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000)
);
INSERT INTO "workflow_output" VALUES('01a2310e-7f6e-7290-bb2a-db284c196fb4','null',NULL,1796119367000);
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
INSERT INTO "workflow_status" VALUES('01a2310e-7f6e-7290-bb2a-db284c196fb4','SUCCESS','extract_dataset',NULL,NULL,NULL,NULL,NULL,NULL,'slot-0',1796119363000,1796119367000,'1',NULL,NULL,NULL,1,'extraction',NULL,NULL,NULL,1796119366000,NULL,0,NULL,NULL,NULL,NULL,'portable_json',NULL,0,0,1796119367000,'null',NULL,NULL,0,'seedal','9cee2031-2116-4819-bbce-cd483089f7ed');
INSERT INTO "workflow_status" VALUES('01a2310e-e2f6-7452-8eae-9f47d887ad99','ENQUEUED','extract_dataset',NULL,NULL,NULL,NULL,NULL,NULL,NULL,1796119388000,1796119388000,'1',NULL,NULL,NULL,0,'extraction',NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,'portable_json',NULL,0,0,NULL,'null',NULL,NULL,0,'seedal','7c59e027-975c-4378-ba39-f1d028b14c2a');
CREATE INDEX ix_operations_dataset_id ON operations (dataset_id);
CREATE INDEX ix_operations_status ON operations (status);
CREATE INDEX ix_datasets_project ON datasets (project, id);
CREATE INDEX ix_operations_finished_at ON operations (finished_at);
CREATE INDEX ix_seeds_dataset_id ON seeds (dataset_id, id);
CREATE INDEX ix_idempotency_keys_created_at ON idempotency_keys (created_at);
CREATE INDEX ix_deliveries_due_at ON deliveries (due_at);
CREATE INDEX ix_labels_scene ON labels (dataset_id, scene_id);
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
