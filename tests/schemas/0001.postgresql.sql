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
    created_at timestamp with time zone NOT NULL
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
    finished_at timestamp with time zone
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
CREATE TABLE public.seeds (
    id character varying NOT NULL,
    dataset_id character varying NOT NULL,
    question_hash character varying NOT NULL,
    answer json NOT NULL,
    created_at timestamp with time zone NOT NULL
);
INSERT INTO dbos.application_versions VALUES ('b16a5ddf-a2e0-4694-b3d4-18cff4965e38', '1', 1796057438016, 1796057438016, 'seedal');
INSERT INTO dbos.dbos_migrations VALUES (125);
INSERT INTO dbos.operation_outputs VALUES ('01a22d5d-8eb8-742f-b8cd-83235b99f4e7', 1, 'read_source', '"more"', NULL, NULL, 1796057438479, 1796057438662, 'portable_json', 'seedal', 1796057438670);
INSERT INTO dbos.operation_outputs VALUES ('01a22d5d-8eb8-742f-b8cd-83235b99f4e7', 2, 'extract_group', '"done"', NULL, NULL, 1796057438687, 1796057441417, 'portable_json', 'seedal', 1796057441426);
INSERT INTO dbos.operation_outputs VALUES ('01a22d5d-8eb8-742f-b8cd-83235b99f4e7', 3, 'finish', '"done"', NULL, NULL, 1796057441451, 1796057441867, 'portable_json', 'seedal', 1796057441868);
INSERT INTO dbos.queues VALUES ('213ad6ac-c230-46ef-96df-e0949b8c1089', 'extraction', NULL, 1, NULL, NULL, true, false, 0.2, 1796057438125, 1796057438082, 'seedal', NULL, NULL, NULL, NULL);
INSERT INTO dbos.workflow_input VALUES ('01a22d5d-8eb8-742f-b8cd-83235b99f4e7', '{"namedArgs":{},"positionalArgs":["01a22d5d-8eb8-742f-b8cd-83235b99f4e7","01a22d5d-8ea6-763f-aa11-914ead5e4715"]}', 1796057435827);
INSERT INTO dbos.workflow_input VALUES ('01a22d5e-b686-7125-9b3c-ca3d7c39d083', '{"namedArgs":{},"positionalArgs":["01a22d5e-b686-7125-9b3c-ca3d7c39d083","01a22d5e-b663-7658-9967-706b9512a15e"]}', 1796057511537);
INSERT INTO dbos.workflow_output VALUES ('01a22d5d-8eb8-742f-b8cd-83235b99f4e7', 'null', NULL, 1796057441965);
INSERT INTO dbos.workflow_status VALUES ('01a22d5d-8eb8-742f-b8cd-83235b99f4e7', 'SUCCESS', 'extract_dataset', NULL, NULL, NULL, NULL, NULL, NULL, 'slot-0', 1796057435827, 1796057441965, '1', NULL, NULL, NULL, 1, 'extraction', NULL, NULL, NULL, 1796057438426, NULL, 0, NULL, NULL, NULL, NULL, 'portable_json', NULL, false, false, 1796057441965, 'null', NULL, NULL, false, 'seedal', '552739c7-e225-4e17-b302-7fcaa068731d');
INSERT INTO dbos.workflow_status VALUES ('01a22d5e-b686-7125-9b3c-ca3d7c39d083', 'ENQUEUED', 'extract_dataset', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1796057511537, 1796057511537, '1', NULL, NULL, NULL, 0, 'extraction', NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, 'portable_json', NULL, false, false, NULL, 'null', NULL, NULL, false, 'seedal', '67c3429c-bf79-4f54-b8de-dc8b19e4e03d');
INSERT INTO public.alembic_version VALUES ('0001');
INSERT INTO public.datasets VALUES ('01a22d5d-8ea6-763f-aa11-914ead5e4715', 'Bürohaus', 'ready', NULL, '{"kind": "images", "root": "@POOL@", "images_root": null, "split": "all", "scene_from": null, "unit": "scene"}', '{"backbone": "colour_grid", "token": "auto", "clusters": 3, "sparsify": null}', '{"backbone": "colour_grid", "weights_id": "b93e0d0f8688a83d3aa8beb37dada29e3f6555f479ffd382683495f9ecb367ce", "precision": "float32", "token": "cls", "clusters": 3, "sparsify": null}', 'images', '["images"]', 'number of images', 6, 6, 12, 2, '747ec17aa49f7192ec87b247b63200a9ab0be13496381c8c29b91ceb406a7194', 0, '[]', 0, '[]', '["Scenes have several images each, so whole images are compared.", "colour_grid sees colours only: good for a trial, not for a seed to label."]', '2026-11-30 16:50:35.815089+00');
INSERT INTO public.datasets VALUES ('01a22d5e-b663-7658-9967-706b9512a15e', 'left', 'registered', NULL, '{"kind": "images", "root": "@POOL@", "images_root": null, "split": "all", "scene_from": null, "unit": "scene"}', '{"backbone": "colour_grid", "token": "auto", "clusters": 3, "sparsify": null}', NULL, NULL, '[]', NULL, NULL, NULL, NULL, NULL, NULL, 0, '[]', 0, '[]', '[]', '2026-11-30 16:51:51.523447+00');
INSERT INTO public.operations VALUES ('01a22d5d-8eb8-742f-b8cd-83235b99f4e7', 'extraction', '01a22d5d-8ea6-763f-aa11-914ead5e4715', 'succeeded', 12, 12, NULL, '2026-11-30 16:50:35.832314+00', '2026-11-30 16:50:38.558197+00', '2026-11-30 16:50:41.829587+00');
INSERT INTO public.operations VALUES ('01a22d5e-b686-7125-9b3c-ca3d7c39d083', 'extraction', '01a22d5e-b663-7658-9967-706b9512a15e', 'not_started', 0, NULL, NULL, '2026-11-30 16:51:51.558133+00', NULL, NULL);
INSERT INTO public.scenes VALUES ('01a22d5d-8ea6-763f-aa11-914ead5e4715', 0, 'room 0', '{"images": 2.0}', NULL, '[{"uri": "@POOL@/room 0/0.png", "sensor": null, "frame": null}, {"uri": "@POOL@/room 0/1.png", "sensor": null, "frame": null}]', NULL, NULL, '{}', '{}', true, NULL);
INSERT INTO public.scenes VALUES ('01a22d5d-8ea6-763f-aa11-914ead5e4715', 1, 'room 1', '{"images": 2.0}', NULL, '[{"uri": "@POOL@/room 1/0.png", "sensor": null, "frame": null}, {"uri": "@POOL@/room 1/1.png", "sensor": null, "frame": null}]', NULL, NULL, '{}', '{}', true, NULL);
INSERT INTO public.scenes VALUES ('01a22d5d-8ea6-763f-aa11-914ead5e4715', 2, 'room 2', '{"images": 2.0}', NULL, '[{"uri": "@POOL@/room 2/0.png", "sensor": null, "frame": null}, {"uri": "@POOL@/room 2/1.png", "sensor": null, "frame": null}]', NULL, NULL, '{}', '{}', true, NULL);
INSERT INTO public.scenes VALUES ('01a22d5d-8ea6-763f-aa11-914ead5e4715', 3, 'room 3', '{"images": 2.0}', NULL, '[{"uri": "@POOL@/room 3/0.png", "sensor": null, "frame": null}, {"uri": "@POOL@/room 3/1.png", "sensor": null, "frame": null}]', NULL, NULL, '{}', '{}', true, NULL);
INSERT INTO public.scenes VALUES ('01a22d5d-8ea6-763f-aa11-914ead5e4715', 4, 'room 4', '{"images": 2.0}', NULL, '[{"uri": "@POOL@/room 4/0.png", "sensor": null, "frame": null}, {"uri": "@POOL@/room 4/1.png", "sensor": null, "frame": null}]', NULL, NULL, '{}', '{}', true, NULL);
INSERT INTO public.scenes VALUES ('01a22d5d-8ea6-763f-aa11-914ead5e4715', 5, 'room 5', '{"images": 2.0}', NULL, '[{"uri": "@POOL@/room 5/0.png", "sensor": null, "frame": null}, {"uri": "@POOL@/room 5/1.png", "sensor": null, "frame": null}]', NULL, NULL, '{}', '{}', true, NULL);
INSERT INTO public.seeds VALUES ('01a22d5e-9bab-7688-8373-842e3e191814', '01a22d5d-8ea6-763f-aa11-914ead5e4715', 'fa7fa80d938dd84d2c939866c2d6116b2aaa9c9486efca0d4bb6f0a89ad587ac', '{"id": "01a22d5e-9bab-7688-8373-842e3e191814", "dataset_id": "01a22d5d-8ea6-763f-aa11-914ead5e4715", "status": "optimal", "stop_reason": "proven", "objective": 3.087880936247908, "upper_bound": 3.087880936247908, "gap": 0.0, "budget": {"limit": 6.0, "resource": "images", "fraction": 0.5}, "total_cost": 6.0, "scenes": [{"scene_id": "room 3", "rank": 1, "cost": 2.0, "gain": 2.094067371012925, "represents": 2, "group": null}, {"scene_id": "room 4", "rank": 2, "cost": 2.0, "gain": 2.0641869123456664, "represents": 1, "group": null}, {"scene_id": "room 1", "rank": 3, "cost": 2.0, "gain": 2.017507589137223, "represents": 0, "group": null}], "solver": {"objective": "seedal", "strategy": "auto", "used": "greedy", "seconds": 21.961089233000166, "time_limit_s": 10.0, "gap": 0.0, "random_seed": 0, "notes": ["exact proved the selection of greedy."]}, "provenance": {"dataset_key": "747ec17aa49f7192ec87b247b63200a9ab0be13496381c8c29b91ceb406a7194", "backbone": "colour_grid", "weights_id": "b93e0d0f8688a83d3aa8beb37dada29e3f6555f479ffd382683495f9ecb367ce", "precision": "float32", "token": "cls", "clusters": 3, "sparsify": null, "versions": {"seedal-service": "0.1.0", "numpy": "2.4.6", "ortools": "9.15.6755", "pulp": "3.3.2"}}, "created_at": "2026-11-30T16:51:44.686153Z"}', '2026-11-30 16:51:44.686153+00');
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
ALTER TABLE ONLY public.datasets
    ADD CONSTRAINT pk_datasets PRIMARY KEY (id);
ALTER TABLE ONLY public.operations
    ADD CONSTRAINT pk_operations PRIMARY KEY (id);
ALTER TABLE ONLY public.scenes
    ADD CONSTRAINT pk_scenes PRIMARY KEY (dataset_id, "position");
ALTER TABLE ONLY public.seeds
    ADD CONSTRAINT pk_seeds PRIMARY KEY (id);
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
CREATE INDEX ix_operations_dataset_id ON public.operations USING btree (dataset_id);
CREATE INDEX ix_operations_status ON public.operations USING btree (status);
CREATE TRIGGER dbos_notifications_trigger AFTER INSERT ON dbos.notifications FOR EACH ROW EXECUTE FUNCTION dbos.notifications_function();
ALTER TABLE ONLY dbos.notifications
    ADD CONSTRAINT notifications_destination_uuid_fkey FOREIGN KEY (destination_uuid) REFERENCES dbos.workflow_status(workflow_uuid) ON UPDATE CASCADE ON DELETE CASCADE;
ALTER TABLE ONLY dbos.streams
    ADD CONSTRAINT streams_workflow_uuid_fkey FOREIGN KEY (workflow_uuid) REFERENCES dbos.workflow_status(workflow_uuid) ON UPDATE CASCADE ON DELETE CASCADE;
ALTER TABLE ONLY dbos.workflow_events_history
    ADD CONSTRAINT workflow_events_history_workflow_uuid_fkey FOREIGN KEY (workflow_uuid) REFERENCES dbos.workflow_status(workflow_uuid) ON UPDATE CASCADE ON DELETE CASCADE;
ALTER TABLE ONLY dbos.workflow_events
    ADD CONSTRAINT workflow_events_workflow_uuid_fkey FOREIGN KEY (workflow_uuid) REFERENCES dbos.workflow_status(workflow_uuid) ON UPDATE CASCADE ON DELETE CASCADE;
ALTER TABLE ONLY public.operations
    ADD CONSTRAINT fk_operations_dataset_id FOREIGN KEY (dataset_id) REFERENCES public.datasets(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.scenes
    ADD CONSTRAINT fk_scenes_dataset_id FOREIGN KEY (dataset_id) REFERENCES public.datasets(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.seeds
    ADD CONSTRAINT fk_seeds_dataset_id FOREIGN KEY (dataset_id) REFERENCES public.datasets(id) ON DELETE CASCADE;
