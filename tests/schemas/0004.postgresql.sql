SELECT pg_catalog.set_config('search_path', '', false);
CREATE SCHEMA dbos;
CREATE FUNCTION dbos.enqueue_workflow(workflow_name text, queue_name text, positional_args json[] DEFAULT ARRAY[]::json[], named_args json DEFAULT '{}'::json, class_name text DEFAULT NULL::text, config_name text DEFAULT NULL::text, workflow_id text DEFAULT NULL::text, app_version text DEFAULT NULL::text, timeout_ms bigint DEFAULT NULL::bigint, deadline_epoch_ms bigint DEFAULT NULL::bigint, deduplication_id text DEFAULT NULL::text, priority integer DEFAULT NULL::integer, queue_partition_key text DEFAULT NULL::text, authenticated_user text DEFAULT NULL::text, authenticated_roles text DEFAULT NULL::text, delay_until_epoch_ms bigint DEFAULT NULL::bigint, application_name text DEFAULT NULL::text) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    v_workflow_id TEXT;
    v_serialized_inputs TEXT;
    v_owner_xid TEXT;
    v_now BIGINT;
    v_recovery_attempts INT4 := 0;
    v_priority INT4;
    v_status TEXT;
BEGIN
    -- Validate required parameters
    IF workflow_name IS NULL OR workflow_name = '' THEN
        RAISE EXCEPTION 'Workflow name cannot be null or empty';
    END IF;
    IF queue_name IS NULL OR queue_name = '' THEN
        RAISE EXCEPTION 'Queue name cannot be null or empty';
    END IF;
    IF named_args IS NOT NULL AND jsonb_typeof(named_args::jsonb) != 'object' THEN
        RAISE EXCEPTION 'Named args must be a JSON object';
    END IF;
    IF workflow_id IS NOT NULL AND workflow_id = '' THEN
        RAISE EXCEPTION 'Workflow ID cannot be an empty string if provided.';
    END IF;
    IF delay_until_epoch_ms IS NOT NULL AND delay_until_epoch_ms < 0 THEN
        RAISE EXCEPTION 'delay_until_epoch_ms must be >= 0';
    END IF;
    v_workflow_id := COALESCE(workflow_id, gen_random_uuid()::TEXT);
    v_owner_xid := gen_random_uuid()::TEXT;
    v_priority := COALESCE(priority, 0);
    v_serialized_inputs := json_build_object(
        'positionalArgs', positional_args,
        'namedArgs', named_args
    )::TEXT;
    v_now := EXTRACT(epoch FROM now()) * 1000;
    v_status := CASE WHEN delay_until_epoch_ms IS NULL THEN 'ENQUEUED' ELSE 'DELAYED' END;
    INSERT INTO "dbos".workflow_status (
        workflow_uuid, status,
        name, class_name, config_name,
        queue_name, deduplication_id, priority, queue_partition_key,
        application_version,
        created_at, updated_at, recovery_attempts,
        workflow_timeout_ms, workflow_deadline_epoch_ms,
        parent_workflow_id, owner_xid, serialization,
        authenticated_user, authenticated_roles,
        delay_until_epoch_ms, application_name
    ) VALUES (
        v_workflow_id, v_status,
        workflow_name, class_name, config_name,
        queue_name, deduplication_id, v_priority, queue_partition_key,
        app_version,
        v_now, v_now, v_recovery_attempts,
        timeout_ms, deadline_epoch_ms,
        NULL, v_owner_xid, 'portable_json',
        authenticated_user, authenticated_roles,
        delay_until_epoch_ms, application_name
    )
    ON CONFLICT (workflow_uuid)
    DO UPDATE SET
        updated_at = EXCLUDED.updated_at;
    INSERT INTO "dbos".workflow_input (
        workflow_uuid, inputs, retention_timestamp
    ) VALUES (
        v_workflow_id, v_serialized_inputs, v_now
    )
    ON CONFLICT (workflow_uuid) DO NOTHING;
    RETURN v_workflow_id;
EXCEPTION
    WHEN unique_violation THEN
        RAISE EXCEPTION 'DBOS queue duplicated'
            USING DETAIL = format('Workflow %s with queue %s and deduplication ID %s already exists', v_workflow_id, queue_name, deduplication_id),
                ERRCODE = 'unique_violation';
END;
$$;
CREATE FUNCTION dbos.notifications_function() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    payload text := NEW.destination_uuid || '::' || NEW.topic;
BEGIN
    PERFORM pg_notify('dbos_notifications_channel', payload);
    RETURN NEW;
END;
$$;
CREATE FUNCTION dbos.send_message(destination_id text, message json, topic text DEFAULT NULL::text, message_id text DEFAULT NULL::text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    v_topic TEXT := COALESCE(topic, '__null__topic__');
    v_message_id TEXT := COALESCE(message_id, gen_random_uuid()::TEXT);
BEGIN
    INSERT INTO "dbos".notifications (
        destination_uuid, topic, message, message_uuid, serialization
    ) VALUES (
        destination_id, v_topic, message, v_message_id, 'portable_json'
    )
    ON CONFLICT (message_uuid) DO NOTHING;
EXCEPTION
    WHEN foreign_key_violation THEN
        RAISE EXCEPTION 'DBOS non-existent workflow'
            USING DETAIL = format('Destination workflow %s does not exist', destination_id),
                ERRCODE = 'foreign_key_violation';
END;
$$;
CREATE TABLE dbos.application_versions (
    version_id text NOT NULL,
    version_name text NOT NULL,
    version_timestamp bigint DEFAULT ((EXTRACT(epoch FROM now()) * 1000.0))::bigint NOT NULL,
    created_at bigint DEFAULT ((EXTRACT(epoch FROM now()) * 1000.0))::bigint NOT NULL,
    application_name text
);
CREATE TABLE dbos.dbos_migrations (
    version bigint NOT NULL
);
CREATE TABLE dbos.event_dispatch_kv (
    service_name text NOT NULL,
    workflow_fn_name text NOT NULL,
    key text NOT NULL,
    value text,
    update_seq numeric(38,0),
    update_time numeric(38,15)
);
CREATE TABLE dbos.notifications (
    message_uuid text DEFAULT gen_random_uuid() NOT NULL,
    destination_uuid text NOT NULL,
    topic text,
    message text NOT NULL,
    created_at_epoch_ms bigint DEFAULT ((EXTRACT(epoch FROM now()) * 1000.0))::bigint NOT NULL,
    serialization text,
    consumed boolean DEFAULT false NOT NULL,
    consumed_by_function_id integer
);
CREATE TABLE dbos.operation_outputs (
    workflow_uuid text NOT NULL,
    function_id integer NOT NULL,
    function_name text DEFAULT ''::text NOT NULL,
    output text,
    error text,
    child_workflow_id text,
    started_at_epoch_ms bigint,
    completed_at_epoch_ms bigint,
    serialization text,
    application_name text,
    retention_timestamp bigint DEFAULT ((EXTRACT(epoch FROM now()) * 1000.0))::bigint NOT NULL
);
CREATE TABLE dbos.queues (
    queue_id text DEFAULT (gen_random_uuid())::text NOT NULL,
    name text NOT NULL,
    concurrency integer,
    worker_concurrency integer,
    rate_limit_max integer,
    rate_limit_period_sec double precision,
    priority_enabled boolean DEFAULT false NOT NULL,
    partition_queue boolean DEFAULT false NOT NULL,
    polling_interval_sec double precision DEFAULT 1.0 NOT NULL,
    created_at bigint DEFAULT ((EXTRACT(epoch FROM now()) * 1000.0))::bigint NOT NULL,
    updated_at bigint DEFAULT ((EXTRACT(epoch FROM now()) * 1000.0))::bigint NOT NULL,
    application_name text,
    partition_concurrency integer,
    partition_worker_concurrency integer,
    partition_rate_limit_max integer,
    partition_rate_limit_period_sec double precision
);
CREATE TABLE dbos.streams (
    workflow_uuid text NOT NULL,
    key text NOT NULL,
    value text NOT NULL,
    "offset" integer NOT NULL,
    function_id integer DEFAULT 0 NOT NULL,
    serialization text
);
CREATE TABLE dbos.workflow_events (
    workflow_uuid text NOT NULL,
    key text NOT NULL,
    value text NOT NULL,
    serialization text
);
CREATE TABLE dbos.workflow_events_history (
    workflow_uuid text NOT NULL,
    function_id integer NOT NULL,
    key text NOT NULL,
    value text NOT NULL,
    serialization text
);
CREATE TABLE dbos.workflow_input (
    workflow_uuid text NOT NULL,
    inputs text,
    retention_timestamp bigint DEFAULT ((EXTRACT(epoch FROM now()) * 1000.0))::bigint NOT NULL
);
CREATE TABLE dbos.workflow_output (
    workflow_uuid text NOT NULL,
    output text,
    error text,
    retention_timestamp bigint DEFAULT ((EXTRACT(epoch FROM now()) * 1000.0))::bigint NOT NULL
);
CREATE TABLE dbos.workflow_schedules (
    schedule_id text NOT NULL,
    schedule_name text NOT NULL,
    workflow_name text NOT NULL,
    workflow_class_name text,
    schedule text NOT NULL,
    status text DEFAULT 'ACTIVE'::text NOT NULL,
    context text NOT NULL,
    last_fired_at text,
    automatic_backfill boolean DEFAULT false NOT NULL,
    cron_timezone text,
    queue_name text,
    application_name text
);
CREATE TABLE dbos.workflow_status (
    workflow_uuid text NOT NULL,
    status text,
    name text,
    authenticated_user text,
    assumed_role text,
    authenticated_roles text,
    request text,
    output text,
    error text,
    executor_id text,
    created_at bigint DEFAULT ((EXTRACT(epoch FROM now()) * 1000.0))::bigint NOT NULL,
    updated_at bigint DEFAULT ((EXTRACT(epoch FROM now()) * 1000.0))::bigint NOT NULL,
    application_version text,
    application_id text,
    class_name character varying(255) DEFAULT NULL::character varying,
    config_name character varying(255) DEFAULT NULL::character varying,
    recovery_attempts bigint DEFAULT 0,
    queue_name text,
    workflow_timeout_ms bigint,
    workflow_deadline_epoch_ms bigint,
    inputs text,
    started_at_epoch_ms bigint,
    deduplication_id text,
    priority integer DEFAULT 0 NOT NULL,
    queue_partition_key text,
    forked_from text,
    owner_xid text,
    parent_workflow_id text,
    serialization text,
    delay_until_epoch_ms bigint,
    was_forked_from boolean DEFAULT false NOT NULL,
    rate_limited boolean DEFAULT false NOT NULL,
    completed_at bigint,
    attributes jsonb,
    schedule_name text,
    debounce_deadline_epoch_ms bigint,
    is_debounced boolean DEFAULT false NOT NULL,
    application_name text,
    creator_xid text
);
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.api_keys (
    id character varying NOT NULL,
    project character varying NOT NULL,
    name character varying NOT NULL,
    prefix character varying NOT NULL,
    secret_hash character varying NOT NULL,
    scopes json NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone
);
CREATE TABLE public.datasets (
    id character varying NOT NULL,
    name character varying NOT NULL,
    status character varying NOT NULL,
    error character varying,
    source json NOT NULL,
    features json NOT NULL,
    resolved_features json,
    resource character varying,
    resources json NOT NULL,
    cost_origin character varying,
    scene_count integer,
    usable_scene_count integer,
    total_cost double precision,
    cheapest_cost double precision,
    signatures_key character varying,
    left_out_count integer NOT NULL,
    left_out json NOT NULL,
    image_failure_count integer NOT NULL,
    image_failures json NOT NULL,
    notes json NOT NULL,
    created_at timestamp with time zone NOT NULL,
    project character varying DEFAULT 'default'::character varying NOT NULL,
    labels_version integer DEFAULT 0 NOT NULL
);
CREATE TABLE public.deliveries (
    id character varying NOT NULL,
    operation_id character varying NOT NULL,
    url character varying NOT NULL,
    secret character varying NOT NULL,
    status character varying NOT NULL,
    body character varying,
    attempts integer NOT NULL,
    last_error character varying,
    due_at timestamp with time zone
);
CREATE TABLE public.frontiers (
    project character varying NOT NULL,
    id character varying NOT NULL,
    dataset_id character varying NOT NULL,
    question_hash character varying NOT NULL,
    answer json NOT NULL,
    created_at timestamp with time zone NOT NULL
);
CREATE TABLE public.hook_events (
    id character varying NOT NULL,
    hook_id character varying NOT NULL,
    received_at timestamp with time zone NOT NULL,
    body bytea NOT NULL,
    status character varying NOT NULL,
    attempts integer NOT NULL,
    due_at timestamp with time zone NOT NULL,
    error character varying
);
CREATE TABLE public.hook_models (
    hook_id character varying NOT NULL,
    asker character varying NOT NULL,
    question json NOT NULL,
    seed_id character varying,
    operation_id character varying
);
CREATE TABLE public.hooks (
    id character varying NOT NULL,
    project character varying NOT NULL,
    dataset_id character varying NOT NULL,
    kind character varying NOT NULL,
    name character varying NOT NULL,
    secret character varying NOT NULL,
    created_at timestamp with time zone NOT NULL
);
CREATE TABLE public.idempotency_keys (
    project character varying NOT NULL,
    call character varying NOT NULL,
    key character varying NOT NULL,
    fingerprint character varying NOT NULL,
    answer json NOT NULL,
    created_at timestamp with time zone NOT NULL
);
CREATE TABLE public.labels (
    dataset_id character varying NOT NULL,
    source character varying NOT NULL,
    ref character varying NOT NULL,
    scene_id character varying NOT NULL,
    state character varying NOT NULL,
    at timestamp with time zone NOT NULL,
    spent json
);
CREATE TABLE public.operations (
    id character varying NOT NULL,
    kind character varying NOT NULL,
    dataset_id character varying NOT NULL,
    status character varying NOT NULL,
    done integer NOT NULL,
    total integer,
    error character varying,
    created_at timestamp with time zone NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    project character varying DEFAULT 'default'::character varying NOT NULL,
    version integer DEFAULT 0 NOT NULL,
    request json,
    incumbent double precision,
    upper_bound double precision,
    result_id character varying,
    report json
);
CREATE TABLE public.scenes (
    dataset_id character varying NOT NULL,
    "position" integer NOT NULL,
    scene_id character varying NOT NULL,
    costs json NOT NULL,
    group_name character varying,
    images json NOT NULL,
    regions json,
    pointcloud character varying,
    external_ids json NOT NULL,
    meta json NOT NULL,
    usable boolean,
    left_out_reason character varying
);
CREATE TABLE public.secrets (
    name character varying NOT NULL,
    value character varying NOT NULL
);
CREATE TABLE public.seeds (
    id character varying NOT NULL,
    dataset_id character varying NOT NULL,
    question_hash character varying NOT NULL,
    answer json NOT NULL,
    created_at timestamp with time zone NOT NULL,
    project character varying DEFAULT 'default'::character varying NOT NULL,
    summary json DEFAULT '{}'::json NOT NULL
);
INSERT INTO dbos.application_versions VALUES ('fe50fe4b-4eca-49fe-9dd1-73db737425a2', '1', 1796135699515, 1796135699515, 'seedal');
INSERT INTO dbos.dbos_migrations VALUES (125);
INSERT INTO dbos.operation_outputs VALUES ('01a23207-bedb-7548-b984-1e11d9270256', 1, 'read_source', '"more"', NULL, NULL, 1796135699778, 1796135700108, 'portable_json', 'seedal', 1796135700111);
INSERT INTO dbos.operation_outputs VALUES ('01a23207-bedb-7548-b984-1e11d9270256', 2, 'extract_group', '"done"', NULL, NULL, 1796135700119, 1796135700745, 'portable_json', 'seedal', 1796135700747);
INSERT INTO dbos.operation_outputs VALUES ('01a23207-bedb-7548-b984-1e11d9270256', 3, 'finish', '"done"', NULL, NULL, 1796135700748, 1796135700874, 'portable_json', 'seedal', 1796135700875);
INSERT INTO dbos.queues VALUES ('762b86e7-a1a2-4fc3-884d-304ad3b6115a', 'extraction', NULL, 1, NULL, NULL, true, false, 0.2, 1796135699535, 1796135699528, 'seedal', NULL, NULL, NULL, NULL);
INSERT INTO dbos.queues VALUES ('bb528684-4ad5-4e95-aa7d-0751105e53dc', 'solving', NULL, 2, NULL, NULL, true, false, 0.2, 1796135699547, 1796135699546, 'seedal', NULL, NULL, NULL, NULL);
INSERT INTO dbos.workflow_input VALUES ('01a23207-bedb-7548-b984-1e11d9270256', '{"namedArgs":{},"positionalArgs":["01a23207-bedb-7548-b984-1e11d9270256","01a23207-becf-7451-aa93-7951f4b91c8d"]}', 1796135698117);
INSERT INTO dbos.workflow_input VALUES ('01a23208-2152-769b-aa2b-cbad21126e46', '{"namedArgs":{},"positionalArgs":["01a23208-2152-769b-aa2b-cbad21126e46","01a23208-2149-7701-bdbd-156efc8bbe7c"]}', 1796135723342);
INSERT INTO dbos.workflow_output VALUES ('01a23207-bedb-7548-b984-1e11d9270256', 'null', NULL, 1796135700887);
INSERT INTO dbos.workflow_status VALUES ('01a23207-bedb-7548-b984-1e11d9270256', 'SUCCESS', 'extract_dataset', NULL, NULL, NULL, NULL, NULL, NULL, 'slot-0', 1796135698117, 1796135700887, '1', NULL, NULL, NULL, 1, 'extraction', NULL, NULL, NULL, 1796135699762, NULL, 0, NULL, NULL, NULL, NULL, 'portable_json', NULL, false, false, 1796135700887, 'null', NULL, NULL, false, 'seedal', '6f9fc122-5a83-4fda-bbe9-06194dbe947f');
INSERT INTO dbos.workflow_status VALUES ('01a23208-2152-769b-aa2b-cbad21126e46', 'ENQUEUED', 'extract_dataset', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1796135723342, 1796135723342, '1', NULL, NULL, NULL, 0, 'extraction', NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, 'portable_json', NULL, false, false, NULL, 'null', NULL, NULL, false, 'seedal', '7aff0ef8-372e-488f-82fc-730f6aa7bf47');
INSERT INTO public.alembic_version VALUES ('0004');
INSERT INTO public.api_keys VALUES ('01a23208-254b-7792-ac42-7c3c717dd411', 'default', 'old', '2fad0499dbb4', '95397448262dee46f19941d67a4f6c2299a8409f07027c8d2c5c2f4a939101e7', '["datasets:read", "datasets:write", "seeds:read", "seeds:write", "labels:read", "labels:write"]', '2026-12-01 14:35:24.363774+00', NULL, NULL);
INSERT INTO public.datasets VALUES ('01a23207-becf-7451-aa93-7951f4b91c8d', 'Bürohaus', 'ready', NULL, '{"kind": "images", "root": "@POOL@", "images_root": null, "split": "all", "scene_from": null, "unit": "scene"}', '{"backbone": "colour_grid", "token": "patches", "clusters": 3, "sparsify": null}', '{"backbone": "colour_grid", "weights_id": "b93e0d0f8688a83d3aa8beb37dada29e3f6555f479ffd382683495f9ecb367ce", "precision": "float32", "token": "patches", "clusters": 3, "sparsify": null}', 'images', '["images"]', 'number of images', 6, 6, 12, 2, '586edb040e5ffbd8615d7e518c935efcbc26a1a252c51eb9d6676ff5eb047b45', 0, '[]', 0, '[]', '["colour_grid sees colours only: good for a trial, not for a seed to label."]', '2026-12-01 14:34:58.127187+00', 'default', 0);
INSERT INTO public.datasets VALUES ('01a23208-2149-7701-bdbd-156efc8bbe7c', 'left', 'registered', NULL, '{"kind": "images", "root": "@POOL@", "images_root": null, "split": "all", "scene_from": null, "unit": "scene"}', '{"backbone": "colour_grid", "token": "patches", "clusters": 3, "sparsify": null}', NULL, NULL, '[]', NULL, NULL, NULL, NULL, NULL, NULL, 0, '[]', 0, '[]', '[]', '2026-12-01 14:35:23.337827+00', 'default', 0);
INSERT INTO public.deliveries VALUES ('msg_01a23208-2152-769b-aa2b-cbae423db573', '01a23208-2152-769b-aa2b-cbad21126e46', 'http://127.0.0.1:9999/hook', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'waiting', NULL, 0, NULL, NULL);
INSERT INTO public.frontiers VALUES ('default', '01a23208-170f-77ac-8035-d16875d406b5', '01a23207-becf-7451-aa93-7951f4b91c8d', '2d9b14f4e474eded22f8c963b0d7f7c9d668d6963112b21c1d9f97dbb19e97cf', '{"id": "01a23208-170f-77ac-8035-d16875d406b5", "dataset_id": "01a23207-becf-7451-aa93-7951f4b91c8d", "objective_name": "coverage", "nested": false, "points": [{"budget": {"limit": 4.800000000000001, "resource": "images", "fraction": 0.4000000000000001}, "objective": 0.5431951552745984, "upper_bound": 0.619634116715575, "gap": 0.14072099262802676, "total_cost": 4.0, "scene_count": 2, "added": ["room 0", "room 1"], "removed": [], "price_of_nesting": 0.0, "baselines": {}}, {"budget": {"limit": 9.600000000000001, "resource": "images", "fraction": 0.8000000000000002}, "objective": 0.724888913418773, "upper_bound": 0.724888913418773, "gap": 0.0, "total_cost": 8.0, "scene_count": 4, "added": ["room 2", "room 3", "room 4", "room 5"], "removed": ["room 0", "room 1"], "price_of_nesting": 0.0, "baselines": {}}], "knee": null, "seconds": 6.140807592993951, "notes": ["The objective is coverage: many budgets have one objective."], "side_budgets": [], "constraints": {"include": [], "exclude": [], "labelled": [], "min_scenes": 0, "max_scenes": null, "groups": []}, "provenance": {"dataset_key": "586edb040e5ffbd8615d7e518c935efcbc26a1a252c51eb9d6676ff5eb047b45", "backbone": "colour_grid", "weights_id": "b93e0d0f8688a83d3aa8beb37dada29e3f6555f479ffd382683495f9ecb367ce", "precision": "float32", "token": "patches", "clusters": 3, "sparsify": null, "versions": {"seedal-service": "0.1.0", "numpy": "2.4.6", "ortools": "9.15.6755", "pulp": "3.3.2"}}, "created_at": "2026-12-01T14:35:20.722516Z"}', '2026-12-01 14:35:20.722516+00');
INSERT INTO public.idempotency_keys VALUES ('default', 'POST /v1/datasets', '-v1-datasets', '22d0641673916460bae0a4ef79539722c4524d493dac921d55f76f9b4e249a1b', '{"kind": "RegisteredDataset", "body": {"dataset": {"id": "01a23207-becf-7451-aa93-7951f4b91c8d", "name": "B\u00fcrohaus", "status": "registered", "error": null, "source": {"kind": "images", "uri": null, "root": "@POOL@", "images_root": null, "split": "all", "scene_from": null, "unit": "scene", "cost_origin": null}, "features": {"requested": {"backbone": "colour_grid", "token": "patches", "clusters": 3, "sparsify": null}, "resolved": null}, "resource": null, "resources": [], "scene_count": null, "usable_scene_count": null, "total_cost": null, "cheapest_cost": null, "left_out_count": 0, "left_out": [], "image_failure_count": 0, "image_failures": [], "notes": [], "operation_id": "01a23207-bedb-7548-b984-1e11d9270256", "created_at": "2026-12-01T14:34:58.127187Z"}, "operation": {"id": "01a23207-bedb-7548-b984-1e11d9270256", "kind": "extraction", "dataset_id": "01a23207-becf-7451-aa93-7951f4b91c8d", "status": "not_started", "percent_complete": 0.0, "version": 0, "done": 0, "total": null, "images_per_s": null, "remaining_s": null, "incumbent": null, "upper_bound": null, "gap": null, "elapsed_s": null, "seed_id": null, "frontier_id": null, "error": null, "callback": null, "created_at": "2026-12-01T14:34:58.139626Z", "started_at": null, "finished_at": null}}}', '2026-12-01 14:34:58.177875+00');
INSERT INTO public.idempotency_keys VALUES ('default', 'POST /v1/datasets/01a23207-becf-7451-aa93-7951f4b91c8d/seeds', '-v1-datasets-01a23207-becf-7451-aa93-7951f4b91c8d-seeds', 'c036d32b63d2164a4c8d633b5b346abd0f92d3aff7707d6ce0fcff98fa733ec8', '{"kind": "Seed", "body": {"id": "01a23207-fcd3-7343-9f97-a28e1e6eda2b", "dataset_id": "01a23207-becf-7451-aa93-7951f4b91c8d", "status": "feasible", "stop_reason": "time_limit", "objective": 0.7425994827479515, "upper_bound": 0.7680846117875212, "gap": 0.034318807959929164, "budget": {"limit": 6.0, "resource": "images", "fraction": 0.5}, "total_cost": 6.0, "scenes": [{"scene_id": "room 0", "rank": 1, "cost": 2.0, "gain": 0.1256397313239731, "represents": 1, "group": null}, {"scene_id": "room 1", "rank": 2, "cost": 2.0, "gain": 0.10749133484196693, "represents": 2, "group": null}, {"scene_id": "room 2", "rank": 3, "cost": 2.0, "gain": 0.09971738357711168, "represents": 0, "group": null}], "near_misses": [{"scene_id": "room 5", "cost": 2.0, "group": null, "gain": 0.061729309783049004, "represented_by": "room 1"}, {"scene_id": "room 3", "cost": 2.0, "group": null, "gain": 0.05826222696744541, "represented_by": "room 0"}, {"scene_id": "room 4", "cost": 2.0, "group": null, "gain": 0.05554246778373492, "represented_by": "room 1"}], "baselines": {}, "side_budgets": [], "constraints": {"include": [], "exclude": [], "labelled": [], "min_scenes": 0, "max_scenes": null, "groups": []}, "solver": {"objective": "coverage", "strategy": "auto", "used": "greedy", "seconds": 12.29592935499386, "time_limit_s": 10.0, "gap": 0.0, "random_seed": 0, "notes": ["The objective is coverage: of the seeds of 3 objectives, its own makes the best first model of the pool''s pseudo-tasks. It keeps at least 96.7% of the best possible coverage, proven.", "In a simulation it is better than 83% of 100 random seeds of the same budget, by pseudo-tasks that it was not chosen by.", "On measured pools like this one, recommended seeds were better than 64% of random seeds of the same cost (mean; mostly 41% to 96%). In such pools chance decides more than the choice: how the chosen images happen to be annotated.", "exact ran out of time; the selection is by greedy."]}, "recommendation": {"compared": ["coverage", "facility_location", "k_center"], "kept": 0.9668198937350672, "simulated_rank": 0.8300000000000001, "random_seeds": 100, "redundancy": 0.5404887850474965, "expected": {"percentile": 0.6398569404847387, "low": 0.412, "high": 0.963, "cells": 60}}, "provenance": {"dataset_key": "586edb040e5ffbd8615d7e518c935efcbc26a1a252c51eb9d6676ff5eb047b45", "backbone": "colour_grid", "weights_id": "b93e0d0f8688a83d3aa8beb37dada29e3f6555f479ffd382683495f9ecb367ce", "precision": "float32", "token": "patches", "clusters": 3, "sparsify": null, "versions": {"seedal-service": "0.1.0", "numpy": "2.4.6", "ortools": "9.15.6755", "pulp": "3.3.2"}}, "created_at": "2026-12-01T14:35:14.006041Z"}}', '2026-12-01 14:35:14.009973+00');
INSERT INTO public.idempotency_keys VALUES ('default', 'POST /v1/datasets/01a23207-becf-7451-aa93-7951f4b91c8d/frontiers', '-v1-datasets-01a23207-becf-7451-aa93-7951f4b91c8d-frontiers', 'b0d8be4403c92aa0653975edf35eab0856295e504fdf194c3e6b9e6648dc65c4', '{"kind": "Frontier", "body": {"id": "01a23208-170f-77ac-8035-d16875d406b5", "dataset_id": "01a23207-becf-7451-aa93-7951f4b91c8d", "objective_name": "coverage", "nested": false, "points": [{"budget": {"limit": 4.800000000000001, "resource": "images", "fraction": 0.4000000000000001}, "objective": 0.5431951552745984, "upper_bound": 0.619634116715575, "gap": 0.14072099262802676, "total_cost": 4.0, "scene_count": 2, "added": ["room 0", "room 1"], "removed": [], "price_of_nesting": 0.0, "baselines": {}}, {"budget": {"limit": 9.600000000000001, "resource": "images", "fraction": 0.8000000000000002}, "objective": 0.724888913418773, "upper_bound": 0.724888913418773, "gap": 0.0, "total_cost": 8.0, "scene_count": 4, "added": ["room 2", "room 3", "room 4", "room 5"], "removed": ["room 0", "room 1"], "price_of_nesting": 0.0, "baselines": {}}], "knee": null, "seconds": 6.140807592993951, "notes": ["The objective is coverage: many budgets have one objective."], "side_budgets": [], "constraints": {"include": [], "exclude": [], "labelled": [], "min_scenes": 0, "max_scenes": null, "groups": []}, "provenance": {"dataset_key": "586edb040e5ffbd8615d7e518c935efcbc26a1a252c51eb9d6676ff5eb047b45", "backbone": "colour_grid", "weights_id": "b93e0d0f8688a83d3aa8beb37dada29e3f6555f479ffd382683495f9ecb367ce", "precision": "float32", "token": "patches", "clusters": 3, "sparsify": null, "versions": {"seedal-service": "0.1.0", "numpy": "2.4.6", "ortools": "9.15.6755", "pulp": "3.3.2"}}, "created_at": "2026-12-01T14:35:20.722516Z"}}', '2026-12-01 14:35:20.727866+00');
INSERT INTO public.operations VALUES ('01a23207-bedb-7548-b984-1e11d9270256', 'extraction', '01a23207-becf-7451-aa93-7951f4b91c8d', 'succeeded', 12, 12, NULL, '2026-12-01 14:34:58.139626+00', '2026-12-01 14:34:59.794928+00', '2026-12-01 14:35:00.86151+00', 'default', 4, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.operations VALUES ('01a23208-2152-769b-aa2b-cbad21126e46', 'extraction', '01a23208-2149-7701-bdbd-156efc8bbe7c', 'not_started', 0, NULL, NULL, '2026-12-01 14:35:23.346688+00', NULL, NULL, 'default', 0, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.scenes VALUES ('01a23207-becf-7451-aa93-7951f4b91c8d', 0, 'room 0', '{"images": 2.0}', NULL, '[{"uri": "@POOL@/room 0/0.png", "sensor": null, "frame": null}, {"uri": "@POOL@/room 0/1.png", "sensor": null, "frame": null}]', NULL, NULL, '{}', '{}', true, NULL);
INSERT INTO public.scenes VALUES ('01a23207-becf-7451-aa93-7951f4b91c8d', 1, 'room 1', '{"images": 2.0}', NULL, '[{"uri": "@POOL@/room 1/0.png", "sensor": null, "frame": null}, {"uri": "@POOL@/room 1/1.png", "sensor": null, "frame": null}]', NULL, NULL, '{}', '{}', true, NULL);
INSERT INTO public.scenes VALUES ('01a23207-becf-7451-aa93-7951f4b91c8d', 2, 'room 2', '{"images": 2.0}', NULL, '[{"uri": "@POOL@/room 2/0.png", "sensor": null, "frame": null}, {"uri": "@POOL@/room 2/1.png", "sensor": null, "frame": null}]', NULL, NULL, '{}', '{}', true, NULL);
INSERT INTO public.scenes VALUES ('01a23207-becf-7451-aa93-7951f4b91c8d', 3, 'room 3', '{"images": 2.0}', NULL, '[{"uri": "@POOL@/room 3/0.png", "sensor": null, "frame": null}, {"uri": "@POOL@/room 3/1.png", "sensor": null, "frame": null}]', NULL, NULL, '{}', '{}', true, NULL);
INSERT INTO public.scenes VALUES ('01a23207-becf-7451-aa93-7951f4b91c8d', 4, 'room 4', '{"images": 2.0}', NULL, '[{"uri": "@POOL@/room 4/0.png", "sensor": null, "frame": null}, {"uri": "@POOL@/room 4/1.png", "sensor": null, "frame": null}]', NULL, NULL, '{}', '{}', true, NULL);
INSERT INTO public.scenes VALUES ('01a23207-becf-7451-aa93-7951f4b91c8d', 5, 'room 5', '{"images": 2.0}', NULL, '[{"uri": "@POOL@/room 5/0.png", "sensor": null, "frame": null}, {"uri": "@POOL@/room 5/1.png", "sensor": null, "frame": null}]', NULL, NULL, '{}', '{}', true, NULL);
INSERT INTO public.seeds VALUES ('01a23207-fcd3-7343-9f97-a28e1e6eda2b', '01a23207-becf-7451-aa93-7951f4b91c8d', '523bf98d56db082ae21e013a8ffaac5e71754c3cfcb75ca9df87ea1a99e181b3', '{"id": "01a23207-fcd3-7343-9f97-a28e1e6eda2b", "dataset_id": "01a23207-becf-7451-aa93-7951f4b91c8d", "status": "feasible", "stop_reason": "time_limit", "objective": 0.7425994827479515, "upper_bound": 0.7680846117875212, "gap": 0.034318807959929164, "budget": {"limit": 6.0, "resource": "images", "fraction": 0.5}, "total_cost": 6.0, "scenes": [{"scene_id": "room 0", "rank": 1, "cost": 2.0, "gain": 0.1256397313239731, "represents": 1, "group": null}, {"scene_id": "room 1", "rank": 2, "cost": 2.0, "gain": 0.10749133484196693, "represents": 2, "group": null}, {"scene_id": "room 2", "rank": 3, "cost": 2.0, "gain": 0.09971738357711168, "represents": 0, "group": null}], "near_misses": [{"scene_id": "room 5", "cost": 2.0, "group": null, "gain": 0.061729309783049004, "represented_by": "room 1"}, {"scene_id": "room 3", "cost": 2.0, "group": null, "gain": 0.05826222696744541, "represented_by": "room 0"}, {"scene_id": "room 4", "cost": 2.0, "group": null, "gain": 0.05554246778373492, "represented_by": "room 1"}], "baselines": {}, "side_budgets": [], "constraints": {"include": [], "exclude": [], "labelled": [], "min_scenes": 0, "max_scenes": null, "groups": []}, "solver": {"objective": "coverage", "strategy": "auto", "used": "greedy", "seconds": 12.29592935499386, "time_limit_s": 10.0, "gap": 0.0, "random_seed": 0, "notes": ["The objective is coverage: of the seeds of 3 objectives, its own makes the best first model of the pool''s pseudo-tasks. It keeps at least 96.7% of the best possible coverage, proven.", "In a simulation it is better than 83% of 100 random seeds of the same budget, by pseudo-tasks that it was not chosen by.", "On measured pools like this one, recommended seeds were better than 64% of random seeds of the same cost (mean; mostly 41% to 96%). In such pools chance decides more than the choice: how the chosen images happen to be annotated.", "exact ran out of time; the selection is by greedy."]}, "recommendation": {"compared": ["coverage", "facility_location", "k_center"], "kept": 0.9668198937350672, "simulated_rank": 0.8300000000000001, "random_seeds": 100, "redundancy": 0.5404887850474965, "expected": {"percentile": 0.6398569404847387, "low": 0.412, "high": 0.963, "cells": 60}}, "provenance": {"dataset_key": "586edb040e5ffbd8615d7e518c935efcbc26a1a252c51eb9d6676ff5eb047b45", "backbone": "colour_grid", "weights_id": "b93e0d0f8688a83d3aa8beb37dada29e3f6555f479ffd382683495f9ecb367ce", "precision": "float32", "token": "patches", "clusters": 3, "sparsify": null, "versions": {"seedal-service": "0.1.0", "numpy": "2.4.6", "ortools": "9.15.6755", "pulp": "3.3.2"}}, "created_at": "2026-12-01T14:35:14.006041Z"}', '2026-12-01 14:35:14.006041+00', 'default', '{"id": "01a23207-fcd3-7343-9f97-a28e1e6eda2b", "dataset_id": "01a23207-becf-7451-aa93-7951f4b91c8d", "status": "feasible", "objective": 0.7425994827479515, "objective_name": "coverage", "strategy": "auto", "upper_bound": 0.7680846117875212, "gap": 0.034318807959929164, "budget": {"limit": 6.0, "resource": "images", "fraction": 0.5}, "total_cost": 6.0, "scene_count": 3, "created_at": "2026-12-01T14:35:14.006041Z"}');
ALTER TABLE ONLY dbos.application_versions
    ADD CONSTRAINT application_versions_pkey PRIMARY KEY (version_id);
ALTER TABLE ONLY dbos.application_versions
    ADD CONSTRAINT application_versions_version_name_key UNIQUE (version_name);
ALTER TABLE ONLY dbos.dbos_migrations
    ADD CONSTRAINT dbos_migrations_pkey PRIMARY KEY (version);
ALTER TABLE ONLY dbos.event_dispatch_kv
    ADD CONSTRAINT event_dispatch_kv_pkey PRIMARY KEY (service_name, workflow_fn_name, key);
ALTER TABLE ONLY dbos.notifications
    ADD CONSTRAINT notifications_pkey PRIMARY KEY (message_uuid);
ALTER TABLE ONLY dbos.operation_outputs
    ADD CONSTRAINT operation_outputs_pkey PRIMARY KEY (workflow_uuid, function_id);
ALTER TABLE ONLY dbos.queues
    ADD CONSTRAINT queues_name_key UNIQUE (name);
ALTER TABLE ONLY dbos.queues
    ADD CONSTRAINT queues_pkey PRIMARY KEY (queue_id);
ALTER TABLE ONLY dbos.streams
    ADD CONSTRAINT streams_pkey PRIMARY KEY (workflow_uuid, key, "offset");
ALTER TABLE ONLY dbos.workflow_events_history
    ADD CONSTRAINT workflow_events_history_pkey PRIMARY KEY (workflow_uuid, function_id, key);
ALTER TABLE ONLY dbos.workflow_events
    ADD CONSTRAINT workflow_events_pkey PRIMARY KEY (workflow_uuid, key);
ALTER TABLE ONLY dbos.workflow_input
    ADD CONSTRAINT workflow_input_pkey PRIMARY KEY (workflow_uuid);
ALTER TABLE ONLY dbos.workflow_output
    ADD CONSTRAINT workflow_output_pkey PRIMARY KEY (workflow_uuid);
ALTER TABLE ONLY dbos.workflow_schedules
    ADD CONSTRAINT workflow_schedules_pkey PRIMARY KEY (schedule_id);
ALTER TABLE ONLY dbos.workflow_schedules
    ADD CONSTRAINT workflow_schedules_schedule_name_key UNIQUE (schedule_name);
ALTER TABLE ONLY dbos.workflow_status
    ADD CONSTRAINT workflow_status_pkey PRIMARY KEY (workflow_uuid);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT pk_api_keys PRIMARY KEY (id);
ALTER TABLE ONLY public.datasets
    ADD CONSTRAINT pk_datasets PRIMARY KEY (id);
ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT pk_deliveries PRIMARY KEY (id);
ALTER TABLE ONLY public.frontiers
    ADD CONSTRAINT pk_frontiers PRIMARY KEY (id);
ALTER TABLE ONLY public.hook_events
    ADD CONSTRAINT pk_hook_events PRIMARY KEY (id);
ALTER TABLE ONLY public.hook_models
    ADD CONSTRAINT pk_hook_models PRIMARY KEY (hook_id, asker);
ALTER TABLE ONLY public.hooks
    ADD CONSTRAINT pk_hooks PRIMARY KEY (id);
ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT pk_idempotency_keys PRIMARY KEY (project, call, key);
ALTER TABLE ONLY public.labels
    ADD CONSTRAINT pk_labels PRIMARY KEY (dataset_id, source, ref);
ALTER TABLE ONLY public.operations
    ADD CONSTRAINT pk_operations PRIMARY KEY (id);
ALTER TABLE ONLY public.scenes
    ADD CONSTRAINT pk_scenes PRIMARY KEY (dataset_id, "position");
ALTER TABLE ONLY public.secrets
    ADD CONSTRAINT pk_secrets PRIMARY KEY (name);
ALTER TABLE ONLY public.seeds
    ADD CONSTRAINT pk_seeds PRIMARY KEY (id);
ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT uq_api_keys_prefix UNIQUE (prefix);
ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT uq_deliveries_operation_id UNIQUE (operation_id);
ALTER TABLE ONLY public.frontiers
    ADD CONSTRAINT uq_frontiers_dataset_id_question_hash UNIQUE (dataset_id, question_hash);
ALTER TABLE ONLY public.scenes
    ADD CONSTRAINT uq_scenes_dataset_id_scene_id UNIQUE (dataset_id, scene_id);
ALTER TABLE ONLY public.seeds
    ADD CONSTRAINT uq_seeds_dataset_id_question_hash UNIQUE (dataset_id, question_hash);
CREATE INDEX idx_application_versions_owner_timestamp ON dbos.application_versions USING btree (application_name, version_timestamp DESC);
CREATE INDEX idx_application_versions_timestamp ON dbos.application_versions USING btree (version_timestamp DESC);
CREATE INDEX idx_operation_outputs_completed_at_function_name_v2 ON dbos.operation_outputs USING btree (completed_at_epoch_ms, function_name) INCLUDE (application_name);
CREATE INDEX idx_operation_outputs_retention ON dbos.operation_outputs USING btree (retention_timestamp);
CREATE INDEX idx_workflow_input_retention ON dbos.workflow_input USING btree (retention_timestamp);
CREATE INDEX idx_workflow_output_retention ON dbos.workflow_output USING btree (retention_timestamp);
CREATE INDEX idx_workflow_status_attributes ON dbos.workflow_status USING gin (attributes) WHERE (attributes IS NOT NULL);
CREATE INDEX idx_workflow_status_completed_at ON dbos.workflow_status USING btree (completed_at) WHERE (completed_at IS NOT NULL);
CREATE INDEX idx_workflow_status_deadline ON dbos.workflow_status USING btree (workflow_deadline_epoch_ms) WHERE ((status = ANY (ARRAY['ENQUEUED'::text, 'PENDING'::text, 'DELAYED'::text])) AND (workflow_deadline_epoch_ms IS NOT NULL));
CREATE INDEX idx_workflow_status_delayed ON dbos.workflow_status USING btree (delay_until_epoch_ms) WHERE (status = 'DELAYED'::text);
CREATE INDEX idx_workflow_status_failed ON dbos.workflow_status USING btree (status, created_at) WHERE (status = ANY (ARRAY['ERROR'::text, 'CANCELLED'::text, 'MAX_RECOVERY_ATTEMPTS_EXCEEDED'::text]));
CREATE INDEX idx_workflow_status_forked_from ON dbos.workflow_status USING btree (forked_from) WHERE (forked_from IS NOT NULL);
CREATE INDEX idx_workflow_status_in_flight_v2 ON dbos.workflow_status USING btree (queue_name, status, priority, created_at) INCLUDE (application_name) WHERE (status = ANY (ARRAY['ENQUEUED'::text, 'PENDING'::text]));
CREATE INDEX idx_workflow_status_parent_workflow_id ON dbos.workflow_status USING btree (parent_workflow_id) WHERE (parent_workflow_id IS NOT NULL);
CREATE INDEX idx_workflow_status_partition_dequeue_v3 ON dbos.workflow_status USING btree (queue_name, status, queue_partition_key, priority, created_at, workflow_uuid) INCLUDE (application_name) WHERE ((status = ANY (ARRAY['ENQUEUED'::text, 'PENDING'::text])) AND (queue_partition_key IS NOT NULL));
CREATE INDEX idx_workflow_status_pending ON dbos.workflow_status USING btree (created_at) WHERE (status = 'PENDING'::text);
CREATE INDEX idx_workflow_status_rate_limited ON dbos.workflow_status USING btree (queue_name, started_at_epoch_ms) WHERE (rate_limited = true);
CREATE INDEX idx_workflow_status_schedule_name ON dbos.workflow_status USING btree (schedule_name) WHERE (schedule_name IS NOT NULL);
CREATE INDEX idx_workflow_status_started_at ON dbos.workflow_status USING btree (started_at_epoch_ms) WHERE (started_at_epoch_ms IS NOT NULL);
CREATE INDEX idx_workflow_topic ON dbos.notifications USING btree (destination_uuid, topic);
CREATE UNIQUE INDEX uq_application_versions_owner_version ON dbos.application_versions USING btree (application_name, version_name) WHERE (application_name IS NOT NULL);
CREATE UNIQUE INDEX uq_application_versions_unclaimed_version ON dbos.application_versions USING btree (version_name) WHERE (application_name IS NULL);
CREATE UNIQUE INDEX uq_workflow_status_dedup_id ON dbos.workflow_status USING btree (queue_name, deduplication_id) WHERE (deduplication_id IS NOT NULL);
CREATE INDEX workflow_status_created_at_index ON dbos.workflow_status USING btree (created_at);
CREATE INDEX ix_datasets_project ON public.datasets USING btree (project, id);
CREATE INDEX ix_deliveries_due_at ON public.deliveries USING btree (due_at);
CREATE INDEX ix_hook_events_hook_id ON public.hook_events USING btree (hook_id);
CREATE INDEX ix_hook_events_queue ON public.hook_events USING btree (status, hook_id, id);
CREATE INDEX ix_hook_events_received_at ON public.hook_events USING btree (received_at);
CREATE INDEX ix_hooks_dataset_id ON public.hooks USING btree (dataset_id);
CREATE INDEX ix_idempotency_keys_created_at ON public.idempotency_keys USING btree (created_at);
CREATE INDEX ix_labels_scene ON public.labels USING btree (dataset_id, scene_id);
CREATE INDEX ix_operations_dataset_id ON public.operations USING btree (dataset_id);
CREATE INDEX ix_operations_finished_at ON public.operations USING btree (finished_at);
CREATE INDEX ix_operations_status ON public.operations USING btree (status);
CREATE INDEX ix_seeds_dataset_id ON public.seeds USING btree (dataset_id, id);
CREATE TRIGGER dbos_notifications_trigger AFTER INSERT ON dbos.notifications FOR EACH ROW EXECUTE FUNCTION dbos.notifications_function();
ALTER TABLE ONLY dbos.notifications
    ADD CONSTRAINT notifications_destination_uuid_fkey FOREIGN KEY (destination_uuid) REFERENCES dbos.workflow_status(workflow_uuid) ON UPDATE CASCADE ON DELETE CASCADE;
ALTER TABLE ONLY dbos.streams
    ADD CONSTRAINT streams_workflow_uuid_fkey FOREIGN KEY (workflow_uuid) REFERENCES dbos.workflow_status(workflow_uuid) ON UPDATE CASCADE ON DELETE CASCADE;
ALTER TABLE ONLY dbos.workflow_events_history
    ADD CONSTRAINT workflow_events_history_workflow_uuid_fkey FOREIGN KEY (workflow_uuid) REFERENCES dbos.workflow_status(workflow_uuid) ON UPDATE CASCADE ON DELETE CASCADE;
ALTER TABLE ONLY dbos.workflow_events
    ADD CONSTRAINT workflow_events_workflow_uuid_fkey FOREIGN KEY (workflow_uuid) REFERENCES dbos.workflow_status(workflow_uuid) ON UPDATE CASCADE ON DELETE CASCADE;
ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT fk_deliveries_operation_id FOREIGN KEY (operation_id) REFERENCES public.operations(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.frontiers
    ADD CONSTRAINT fk_frontiers_dataset_id FOREIGN KEY (dataset_id) REFERENCES public.datasets(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.hook_events
    ADD CONSTRAINT fk_hook_events_hook_id FOREIGN KEY (hook_id) REFERENCES public.hooks(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.hook_models
    ADD CONSTRAINT fk_hook_models_hook_id FOREIGN KEY (hook_id) REFERENCES public.hooks(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.hooks
    ADD CONSTRAINT fk_hooks_dataset_id FOREIGN KEY (dataset_id) REFERENCES public.datasets(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.labels
    ADD CONSTRAINT fk_labels_dataset_id FOREIGN KEY (dataset_id) REFERENCES public.datasets(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.operations
    ADD CONSTRAINT fk_operations_dataset_id FOREIGN KEY (dataset_id) REFERENCES public.datasets(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.scenes
    ADD CONSTRAINT fk_scenes_dataset_id FOREIGN KEY (dataset_id) REFERENCES public.datasets(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.seeds
    ADD CONSTRAINT fk_seeds_dataset_id FOREIGN KEY (dataset_id) REFERENCES public.datasets(id) ON DELETE CASCADE;
