BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0004');
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
INSERT INTO "api_keys" VALUES('01a23207-a6e4-7663-9cda-6a1478f61699','default','old','278b0ba7dbba','1209b71de6642674bb1c0209551726bda9dd4aa12466d782ae31f9a1c050ccf9','["datasets:read", "datasets:write", "seeds:read", "seeds:write", "labels:read", "labels:write"]','2026-12-01 14:34:52.004997',NULL,NULL);
CREATE TABLE application_versions (
    version_id TEXT NOT NULL PRIMARY KEY,
    version_name TEXT NOT NULL UNIQUE,
    version_timestamp INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000),
    created_at INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000)
, "application_name" TEXT DEFAULT NULL);
INSERT INTO "application_versions" VALUES('ddaac2e1-c15d-496a-9d3b-e2e99c014342','1',1796135664000,1796135664000,'seedal');
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
INSERT INTO "datasets" VALUES('01a23207-31b2-7302-8dc5-cfa50c877caa','Bürohaus','ready',NULL,'{"kind": "images", "root": "@POOL@", "images_root": null, "split": "all", "scene_from": null, "unit": "scene"}','{"backbone": "colour_grid", "token": "patches", "clusters": 3, "sparsify": null}','{"backbone": "colour_grid", "weights_id": "b93e0d0f8688a83d3aa8beb37dada29e3f6555f479ffd382683495f9ecb367ce", "precision": "float32", "token": "patches", "clusters": 3, "sparsify": null}','images','["images"]','number of images',6,6,12.0,2.0,'2b7a94ecf3399f8015cdbc5ebb714163893f29ac97e2deb700e6a1f08237e714',0,'[]',0,'[]','["colour_grid sees colours only: good for a trial, not for a seed to label."]','2026-12-01 14:34:22.002143','default',0);
INSERT INTO "datasets" VALUES('01a23207-a33e-7407-ad43-cb1926089618','left','registered',NULL,'{"kind": "images", "root": "@POOL@", "images_root": null, "split": "all", "scene_from": null, "unit": "scene"}','{"backbone": "colour_grid", "token": "patches", "clusters": 3, "sparsify": null}',NULL,NULL,'[]',NULL,NULL,NULL,NULL,NULL,NULL,0,'[]',0,'[]','[]','2026-12-01 14:34:51.070237','default',0);
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
INSERT INTO "deliveries" VALUES('msg_01a23207-a340-74f6-81cb-df6495f70bae','01a23207-a340-74f6-81cb-df633607eab8','http://127.0.0.1:9999/hook','whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw','waiting',NULL,0,NULL,NULL);
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
INSERT INTO "frontiers" VALUES('default','01a23207-98ef-74ec-be90-1d45c681175a','01a23207-31b2-7302-8dc5-cfa50c877caa','384248382c6d309136d6ad6e6eddfe6e30366d8224f6534f7e2c02678b6a65f7','{"id": "01a23207-98ef-74ec-be90-1d45c681175a", "dataset_id": "01a23207-31b2-7302-8dc5-cfa50c877caa", "objective_name": "coverage", "nested": false, "points": [{"budget": {"limit": 4.800000000000001, "resource": "images", "fraction": 0.4000000000000001}, "objective": 0.5431951552745984, "upper_bound": 0.619634116715575, "gap": 0.14072099262802676, "total_cost": 4.0, "scene_count": 2, "added": ["room 0", "room 1"], "removed": [], "price_of_nesting": 0.0, "baselines": {}}, {"budget": {"limit": 9.600000000000001, "resource": "images", "fraction": 0.8000000000000002}, "objective": 0.724888913418773, "upper_bound": 0.724888913418773, "gap": 0.0, "total_cost": 8.0, "scene_count": 4, "added": ["room 2", "room 3", "room 4", "room 5"], "removed": ["room 0", "room 1"], "price_of_nesting": 0.0, "baselines": {}}], "knee": null, "seconds": 6.675985573994694, "notes": ["The objective is coverage: many budgets have one objective."], "side_budgets": [], "constraints": {"include": [], "exclude": [], "labelled": [], "min_scenes": 0, "max_scenes": null, "groups": []}, "provenance": {"dataset_key": "2b7a94ecf3399f8015cdbc5ebb714163893f29ac97e2deb700e6a1f08237e714", "backbone": "colour_grid", "weights_id": "b93e0d0f8688a83d3aa8beb37dada29e3f6555f479ffd382683495f9ecb367ce", "precision": "float32", "token": "patches", "clusters": 3, "sparsify": null, "versions": {"seedal-service": "0.1.0", "numpy": "2.4.6", "ortools": "9.15.6755", "pulp": "3.3.2"}}, "created_at": "2026-12-01T14:34:48.434353Z"}','2026-12-01 14:34:48.434353');
CREATE TABLE hook_events (
	id VARCHAR NOT NULL, 
	hook_id VARCHAR NOT NULL, 
	received_at DATETIME NOT NULL, 
	body BLOB NOT NULL, 
	status VARCHAR NOT NULL, 
	attempts INTEGER NOT NULL, 
	due_at DATETIME NOT NULL, 
	error VARCHAR, 
	CONSTRAINT pk_hook_events PRIMARY KEY (id), 
	CONSTRAINT fk_hook_events_hook_id FOREIGN KEY(hook_id) REFERENCES hooks (id) ON DELETE CASCADE
);
CREATE TABLE hook_models (
	hook_id VARCHAR NOT NULL, 
	asker VARCHAR NOT NULL, 
	question JSON NOT NULL, 
	seed_id VARCHAR, 
	operation_id VARCHAR, 
	CONSTRAINT pk_hook_models PRIMARY KEY (hook_id, asker), 
	CONSTRAINT fk_hook_models_hook_id FOREIGN KEY(hook_id) REFERENCES hooks (id) ON DELETE CASCADE
);
CREATE TABLE hooks (
	id VARCHAR NOT NULL, 
	project VARCHAR NOT NULL, 
	dataset_id VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	secret VARCHAR NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_hooks PRIMARY KEY (id), 
	CONSTRAINT fk_hooks_dataset_id FOREIGN KEY(dataset_id) REFERENCES datasets (id) ON DELETE CASCADE
);
CREATE TABLE idempotency_keys (
	project VARCHAR NOT NULL, 
	call VARCHAR NOT NULL, 
	"key" VARCHAR NOT NULL, 
	fingerprint VARCHAR NOT NULL, 
	answer JSON NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_idempotency_keys PRIMARY KEY (project, call, "key")
);
INSERT INTO "idempotency_keys" VALUES('default','POST /v1/datasets','-v1-datasets','62757a1140e246f58276ebf897242b1437b3e879ae43d42b317933b5e86e5cff','{"kind": "RegisteredDataset", "body": {"dataset": {"id": "01a23207-31b2-7302-8dc5-cfa50c877caa", "name": "B\u00fcrohaus", "status": "registered", "error": null, "source": {"kind": "images", "uri": null, "root": "@POOL@", "images_root": null, "split": "all", "scene_from": null, "unit": "scene", "cost_origin": null}, "features": {"requested": {"backbone": "colour_grid", "token": "patches", "clusters": 3, "sparsify": null}, "resolved": null}, "resource": null, "resources": [], "scene_count": null, "usable_scene_count": null, "total_cost": null, "cheapest_cost": null, "left_out_count": 0, "left_out": [], "image_failure_count": 0, "image_failures": [], "notes": [], "operation_id": "01a23207-31be-7459-a333-0e3bfc420660", "created_at": "2026-12-01T14:34:22.002143Z"}, "operation": {"id": "01a23207-31be-7459-a333-0e3bfc420660", "kind": "extraction", "dataset_id": "01a23207-31b2-7302-8dc5-cfa50c877caa", "status": "not_started", "percent_complete": 0.0, "version": 0, "done": 0, "total": null, "images_per_s": null, "remaining_s": null, "incumbent": null, "upper_bound": null, "gap": null, "elapsed_s": null, "seed_id": null, "frontier_id": null, "error": null, "callback": null, "created_at": "2026-12-01T14:34:22.014719Z", "started_at": null, "finished_at": null}}}','2026-12-01 14:34:22.519752');
INSERT INTO "idempotency_keys" VALUES('default','POST /v1/datasets/01a23207-31b2-7302-8dc5-cfa50c877caa/seeds','-v1-datasets-01a23207-31b2-7302-8dc5-cfa50c877caa-seeds','c036d32b63d2164a4c8d633b5b346abd0f92d3aff7707d6ce0fcff98fa733ec8','{"kind": "Seed", "body": {"id": "01a23207-7c2c-7119-9c10-32bec23255bf", "dataset_id": "01a23207-31b2-7302-8dc5-cfa50c877caa", "status": "feasible", "stop_reason": "time_limit", "objective": 0.7425994827479515, "upper_bound": 0.7680846117875212, "gap": 0.034318807959929164, "budget": {"limit": 6.0, "resource": "images", "fraction": 0.5}, "total_cost": 6.0, "scenes": [{"scene_id": "room 0", "rank": 1, "cost": 2.0, "gain": 0.1256397313239731, "represents": 1, "group": null}, {"scene_id": "room 1", "rank": 2, "cost": 2.0, "gain": 0.10749133484196693, "represents": 2, "group": null}, {"scene_id": "room 2", "rank": 3, "cost": 2.0, "gain": 0.09971738357711168, "represents": 0, "group": null}], "near_misses": [{"scene_id": "room 5", "cost": 2.0, "group": null, "gain": 0.061729309783049004, "represented_by": "room 1"}, {"scene_id": "room 3", "cost": 2.0, "group": null, "gain": 0.05826222696744541, "represented_by": "room 0"}, {"scene_id": "room 4", "cost": 2.0, "group": null, "gain": 0.05554246778373492, "represented_by": "room 1"}], "baselines": {}, "side_budgets": [], "constraints": {"include": [], "exclude": [], "labelled": [], "min_scenes": 0, "max_scenes": null, "groups": []}, "solver": {"objective": "coverage", "strategy": "auto", "used": "greedy", "seconds": 13.528189730001031, "time_limit_s": 10.0, "gap": 0.0, "random_seed": 0, "notes": ["The objective is coverage: of the seeds of 3 objectives, its own makes the best first model of the pool''s pseudo-tasks. It keeps at least 96.7% of the best possible coverage, proven.", "In a simulation it is better than 83% of 100 random seeds of the same budget, by pseudo-tasks that it was not chosen by.", "On measured pools like this one, recommended seeds were better than 64% of random seeds of the same cost (mean; mostly 41% to 96%). In such pools chance decides more than the choice: how the chosen images happen to be annotated.", "exact ran out of time; the selection is by greedy."]}, "recommendation": {"compared": ["coverage", "facility_location", "k_center"], "kept": 0.9668198937350672, "simulated_rank": 0.8300000000000001, "random_seeds": 100, "redundancy": 0.5404887850474965, "expected": {"percentile": 0.6398569404847387, "low": 0.412, "high": 0.963, "cells": 60}}, "provenance": {"dataset_key": "2b7a94ecf3399f8015cdbc5ebb714163893f29ac97e2deb700e6a1f08237e714", "backbone": "colour_grid", "weights_id": "b93e0d0f8688a83d3aa8beb37dada29e3f6555f479ffd382683495f9ecb367ce", "precision": "float32", "token": "patches", "clusters": 3, "sparsify": null, "versions": {"seedal-service": "0.1.0", "numpy": "2.4.6", "ortools": "9.15.6755", "pulp": "3.3.2"}}, "created_at": "2026-12-01T14:34:41.070718Z"}}','2026-12-01 14:34:41.073841');
INSERT INTO "idempotency_keys" VALUES('default','POST /v1/datasets/01a23207-31b2-7302-8dc5-cfa50c877caa/frontiers','-v1-datasets-01a23207-31b2-7302-8dc5-cfa50c877caa-frontiers','b0d8be4403c92aa0653975edf35eab0856295e504fdf194c3e6b9e6648dc65c4','{"kind": "Frontier", "body": {"id": "01a23207-98ef-74ec-be90-1d45c681175a", "dataset_id": "01a23207-31b2-7302-8dc5-cfa50c877caa", "objective_name": "coverage", "nested": false, "points": [{"budget": {"limit": 4.800000000000001, "resource": "images", "fraction": 0.4000000000000001}, "objective": 0.5431951552745984, "upper_bound": 0.619634116715575, "gap": 0.14072099262802676, "total_cost": 4.0, "scene_count": 2, "added": ["room 0", "room 1"], "removed": [], "price_of_nesting": 0.0, "baselines": {}}, {"budget": {"limit": 9.600000000000001, "resource": "images", "fraction": 0.8000000000000002}, "objective": 0.724888913418773, "upper_bound": 0.724888913418773, "gap": 0.0, "total_cost": 8.0, "scene_count": 4, "added": ["room 2", "room 3", "room 4", "room 5"], "removed": ["room 0", "room 1"], "price_of_nesting": 0.0, "baselines": {}}], "knee": null, "seconds": 6.675985573994694, "notes": ["The objective is coverage: many budgets have one objective."], "side_budgets": [], "constraints": {"include": [], "exclude": [], "labelled": [], "min_scenes": 0, "max_scenes": null, "groups": []}, "provenance": {"dataset_key": "2b7a94ecf3399f8015cdbc5ebb714163893f29ac97e2deb700e6a1f08237e714", "backbone": "colour_grid", "weights_id": "b93e0d0f8688a83d3aa8beb37dada29e3f6555f479ffd382683495f9ecb367ce", "precision": "float32", "token": "patches", "clusters": 3, "sparsify": null, "versions": {"seedal-service": "0.1.0", "numpy": "2.4.6", "ortools": "9.15.6755", "pulp": "3.3.2"}}, "created_at": "2026-12-01T14:34:48.434353Z"}}','2026-12-01 14:34:48.437932');
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
INSERT INTO "operation_outputs" VALUES('01a23207-31be-7459-a333-0e3bfc420660',1,'read_source','"more"',NULL,NULL,1796135665471,1796135665844,'portable_json','seedal',1796135665000);
INSERT INTO "operation_outputs" VALUES('01a23207-31be-7459-a333-0e3bfc420660',2,'extract_group','"done"',NULL,NULL,1796135665847,1796135666340,'portable_json','seedal',1796135666000);
INSERT INTO "operation_outputs" VALUES('01a23207-31be-7459-a333-0e3bfc420660',3,'finish','"done"',NULL,NULL,1796135666342,1796135666549,'portable_json','seedal',1796135666000);
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
	finished_at DATETIME, project VARCHAR DEFAULT 'default' NOT NULL, version INTEGER DEFAULT '0' NOT NULL, request JSON, incumbent DOUBLE, upper_bound DOUBLE, result_id VARCHAR, report JSON, 
	CONSTRAINT pk_operations PRIMARY KEY (id), 
	CONSTRAINT fk_operations_dataset_id FOREIGN KEY(dataset_id) REFERENCES datasets (id) ON DELETE CASCADE
);
INSERT INTO "operations" VALUES('01a23207-31be-7459-a333-0e3bfc420660','extraction','01a23207-31b2-7302-8dc5-cfa50c877caa','succeeded',12,12,NULL,'2026-12-01 14:34:22.014719','2026-12-01 14:34:25.477602','2026-12-01 14:34:26.539289','default',4,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "operations" VALUES('01a23207-a340-74f6-81cb-df633607eab8','extraction','01a23207-a33e-7407-ad43-cb1926089618','not_started',0,NULL,NULL,'2026-12-01 14:34:51.072660',NULL,NULL,'default',0,NULL,NULL,NULL,NULL,NULL);
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
INSERT INTO "queues" VALUES('557E7AD3F4B4A7CDBF633BE0BC0F9C28','extraction',NULL,1,NULL,NULL,1,0,0.2,1796135664000,1796135664246,'seedal',NULL,NULL,NULL,NULL);
INSERT INTO "queues" VALUES('30EF55AF34E8EA66C25C0723BE453A32','solving',NULL,2,NULL,NULL,1,0,0.2,1796135664000,1796135664263,'seedal',NULL,NULL,NULL,NULL);
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
INSERT INTO "scenes" VALUES('01a23207-31b2-7302-8dc5-cfa50c877caa',0,'room 0','{"images": 2.0}',NULL,'[{"uri": "@POOL@/room 0/0.png", "sensor": null, "frame": null}, {"uri": "@POOL@/room 0/1.png", "sensor": null, "frame": null}]',NULL,NULL,'{}','{}',1,NULL);
INSERT INTO "scenes" VALUES('01a23207-31b2-7302-8dc5-cfa50c877caa',1,'room 1','{"images": 2.0}',NULL,'[{"uri": "@POOL@/room 1/0.png", "sensor": null, "frame": null}, {"uri": "@POOL@/room 1/1.png", "sensor": null, "frame": null}]',NULL,NULL,'{}','{}',1,NULL);
INSERT INTO "scenes" VALUES('01a23207-31b2-7302-8dc5-cfa50c877caa',2,'room 2','{"images": 2.0}',NULL,'[{"uri": "@POOL@/room 2/0.png", "sensor": null, "frame": null}, {"uri": "@POOL@/room 2/1.png", "sensor": null, "frame": null}]',NULL,NULL,'{}','{}',1,NULL);
INSERT INTO "scenes" VALUES('01a23207-31b2-7302-8dc5-cfa50c877caa',3,'room 3','{"images": 2.0}',NULL,'[{"uri": "@POOL@/room 3/0.png", "sensor": null, "frame": null}, {"uri": "@POOL@/room 3/1.png", "sensor": null, "frame": null}]',NULL,NULL,'{}','{}',1,NULL);
INSERT INTO "scenes" VALUES('01a23207-31b2-7302-8dc5-cfa50c877caa',4,'room 4','{"images": 2.0}',NULL,'[{"uri": "@POOL@/room 4/0.png", "sensor": null, "frame": null}, {"uri": "@POOL@/room 4/1.png", "sensor": null, "frame": null}]',NULL,NULL,'{}','{}',1,NULL);
INSERT INTO "scenes" VALUES('01a23207-31b2-7302-8dc5-cfa50c877caa',5,'room 5','{"images": 2.0}',NULL,'[{"uri": "@POOL@/room 5/0.png", "sensor": null, "frame": null}, {"uri": "@POOL@/room 5/1.png", "sensor": null, "frame": null}]',NULL,NULL,'{}','{}',1,NULL);
CREATE TABLE secrets (
	name VARCHAR NOT NULL, 
	value VARCHAR NOT NULL, 
	CONSTRAINT pk_secrets PRIMARY KEY (name)
);
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
INSERT INTO "seeds" VALUES('01a23207-7c2c-7119-9c10-32bec23255bf','01a23207-31b2-7302-8dc5-cfa50c877caa','1c7176ca290177e6216bc97275aebc08807a2f3a4aacbc625d684627d1dea611','{"id": "01a23207-7c2c-7119-9c10-32bec23255bf", "dataset_id": "01a23207-31b2-7302-8dc5-cfa50c877caa", "status": "feasible", "stop_reason": "time_limit", "objective": 0.7425994827479515, "upper_bound": 0.7680846117875212, "gap": 0.034318807959929164, "budget": {"limit": 6.0, "resource": "images", "fraction": 0.5}, "total_cost": 6.0, "scenes": [{"scene_id": "room 0", "rank": 1, "cost": 2.0, "gain": 0.1256397313239731, "represents": 1, "group": null}, {"scene_id": "room 1", "rank": 2, "cost": 2.0, "gain": 0.10749133484196693, "represents": 2, "group": null}, {"scene_id": "room 2", "rank": 3, "cost": 2.0, "gain": 0.09971738357711168, "represents": 0, "group": null}], "near_misses": [{"scene_id": "room 5", "cost": 2.0, "group": null, "gain": 0.061729309783049004, "represented_by": "room 1"}, {"scene_id": "room 3", "cost": 2.0, "group": null, "gain": 0.05826222696744541, "represented_by": "room 0"}, {"scene_id": "room 4", "cost": 2.0, "group": null, "gain": 0.05554246778373492, "represented_by": "room 1"}], "baselines": {}, "side_budgets": [], "constraints": {"include": [], "exclude": [], "labelled": [], "min_scenes": 0, "max_scenes": null, "groups": []}, "solver": {"objective": "coverage", "strategy": "auto", "used": "greedy", "seconds": 13.528189730001031, "time_limit_s": 10.0, "gap": 0.0, "random_seed": 0, "notes": ["The objective is coverage: of the seeds of 3 objectives, its own makes the best first model of the pool''s pseudo-tasks. It keeps at least 96.7% of the best possible coverage, proven.", "In a simulation it is better than 83% of 100 random seeds of the same budget, by pseudo-tasks that it was not chosen by.", "On measured pools like this one, recommended seeds were better than 64% of random seeds of the same cost (mean; mostly 41% to 96%). In such pools chance decides more than the choice: how the chosen images happen to be annotated.", "exact ran out of time; the selection is by greedy."]}, "recommendation": {"compared": ["coverage", "facility_location", "k_center"], "kept": 0.9668198937350672, "simulated_rank": 0.8300000000000001, "random_seeds": 100, "redundancy": 0.5404887850474965, "expected": {"percentile": 0.6398569404847387, "low": 0.412, "high": 0.963, "cells": 60}}, "provenance": {"dataset_key": "2b7a94ecf3399f8015cdbc5ebb714163893f29ac97e2deb700e6a1f08237e714", "backbone": "colour_grid", "weights_id": "b93e0d0f8688a83d3aa8beb37dada29e3f6555f479ffd382683495f9ecb367ce", "precision": "float32", "token": "patches", "clusters": 3, "sparsify": null, "versions": {"seedal-service": "0.1.0", "numpy": "2.4.6", "ortools": "9.15.6755", "pulp": "3.3.2"}}, "created_at": "2026-12-01T14:34:41.070718Z"}','2026-12-01 14:34:41.070718','default','{"id": "01a23207-7c2c-7119-9c10-32bec23255bf", "dataset_id": "01a23207-31b2-7302-8dc5-cfa50c877caa", "status": "feasible", "objective": 0.7425994827479515, "objective_name": "coverage", "strategy": "auto", "upper_bound": 0.7680846117875212, "gap": 0.034318807959929164, "budget": {"limit": 6.0, "resource": "images", "fraction": 0.5}, "total_cost": 6.0, "scene_count": 3, "created_at": "2026-12-01T14:34:41.070718Z"}');
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
INSERT INTO "workflow_input" VALUES('01a23207-31be-7459-a333-0e3bfc420660','{"namedArgs":{},"positionalArgs":["01a23207-31be-7459-a333-0e3bfc420660","01a23207-31b2-7302-8dc5-cfa50c877caa"]}',1796135662000);
INSERT INTO "workflow_input" VALUES('01a23207-a340-74f6-81cb-df633607eab8','{"namedArgs":{},"positionalArgs":["01a23207-a340-74f6-81cb-df633607eab8","01a23207-a33e-7407-ad43-cb1926089618"]}',1796135691000);
CREATE TABLE workflow_output (
    workflow_uuid TEXT NOT NULL PRIMARY KEY,
    output TEXT,
    error TEXT,
    retention_timestamp INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000)
);
INSERT INTO "workflow_output" VALUES('01a23207-31be-7459-a333-0e3bfc420660','null',NULL,1796135666000);
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
INSERT INTO "workflow_status" VALUES('01a23207-31be-7459-a333-0e3bfc420660','SUCCESS','extract_dataset',NULL,NULL,NULL,NULL,NULL,NULL,'slot-0',1796135662000,1796135666000,'1',NULL,NULL,NULL,1,'extraction',NULL,NULL,NULL,1796135665000,NULL,0,NULL,NULL,NULL,NULL,'portable_json',NULL,0,0,1796135666000,'null',NULL,NULL,0,'seedal','4b9c6e84-5ce2-46f7-8a97-d167e25807df');
INSERT INTO "workflow_status" VALUES('01a23207-a340-74f6-81cb-df633607eab8','ENQUEUED','extract_dataset',NULL,NULL,NULL,NULL,NULL,NULL,NULL,1796135691000,1796135691000,'1',NULL,NULL,NULL,0,'extraction',NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,'portable_json',NULL,0,0,NULL,'null',NULL,NULL,0,'seedal','cf85756a-5643-4a9e-83e3-b9d8e8bf381a');
CREATE INDEX ix_operations_dataset_id ON operations (dataset_id);
CREATE INDEX ix_operations_status ON operations (status);
CREATE INDEX ix_datasets_project ON datasets (project, id);
CREATE INDEX ix_operations_finished_at ON operations (finished_at);
CREATE INDEX ix_seeds_dataset_id ON seeds (dataset_id, id);
CREATE INDEX ix_idempotency_keys_created_at ON idempotency_keys (created_at);
CREATE INDEX ix_deliveries_due_at ON deliveries (due_at);
CREATE INDEX ix_labels_scene ON labels (dataset_id, scene_id);
CREATE INDEX ix_hooks_dataset_id ON hooks (dataset_id);
CREATE INDEX ix_hook_events_queue ON hook_events (status, hook_id, id);
CREATE INDEX ix_hook_events_hook_id ON hook_events (hook_id);
CREATE INDEX ix_hook_events_received_at ON hook_events (received_at);
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
