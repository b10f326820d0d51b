// The Kafka Streams peer: one stream thread, a cached RocksDB store, at least once.
//
//     java CountBench BOOTSTRAP TOPIC GROUP RECORDS STATE_FOLDER DEADLINE_S
//
// Counts the records of TOPIC by key, commits and ends; its last line is that of bench/peers/job.py.

import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

public final class CountBench {
    private static final String STORE = "counts";
    private static final int STATE_BYTES = 100;
    private static final int DIGITS = 12;
    private static final int COMMIT_MS = 1_000;

    private static final CountDownLatch DONE = new CountDownLatch(1);
    // One stream thread writes these; the main thread reads them after the latch.
    private static long first;
    private static long counted;
    private static long wanted;

    private CountBench() {}

    private static final class Counter implements Processor<byte[], byte[], Void, Void> {
        private final ObjectMapper mapper = new ObjectMapper();
        private ProcessorContext<Void, Void> context;
        private KeyValueStore<byte[], byte[]> store;

        @Override
        public void init(ProcessorContext<Void, Void> given) {
            context = given;
            store = given.getStateStore(STORE);
        }

        @Override
        public void process(Record<byte[], byte[]> record) {
            if (counted == 0) {
                first = System.currentTimeMillis();
            }
            try {
                String id = mapper.readTree(record.value()).get("id").asText();
                store.put(record.key(), counted(store.get(record.key()), id));
            } catch (java.io.IOException error) {
                throw new java.io.UncheckedIOException(error);
            }
            counted += 1;
            if (counted == wanted) {
                context.commit();
                DONE.countDown();
            }
        }
    }

    private static byte[] counted(byte[] before, String id) {
        long count = 1;
        if (before != null) {
            count += Long.parseLong(new String(before, 0, DIGITS, StandardCharsets.US_ASCII));
        }
        byte[] state = new byte[STATE_BYTES];
        Arrays.fill(state, (byte) ' ');
        for (int at = DIGITS - 1; at >= 0; at--) {
            state[at] = (byte) ('0' + count % 10);
            count /= 10;
        }
        byte[] named = id.getBytes(StandardCharsets.UTF_8);
        System.arraycopy(named, 0, state, DIGITS, Math.min(named.length, STATE_BYTES - DIGITS));
        return state;
    }

    private static Properties settings(String bootstrap, String group, String folder) {
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, group);
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
        settings.put(StreamsConfig.STATE_DIR_CONFIG, folder);
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
        settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, COMMIT_MS);
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.AT_LEAST_ONCE);
        settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
        settings.put("auto.offset.reset", "earliest");
        return settings;
    }

    private static Topology topology(String topic) {
        Serdes.ByteArraySerde bytes = new Serdes.ByteArraySerde();
        Topology topology = new Topology();
        topology.addSource("source", bytes.deserializer(), bytes.deserializer(), topic);
        topology.addProcessor("count", Counter::new, "source");
        topology.addStateStore(
                Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(STORE), bytes, bytes)
                        .withCachingEnabled(),
                "count");
        return topology;
    }

    private static long residentBytesMax() throws java.io.IOException {
        Path status = Path.of("/proc/self/status");
        if (Files.exists(status)) {
            for (String line : Files.readAllLines(status)) {
                if (line.startsWith("VmHWM:")) {
                    return Long.parseLong(line.replaceAll("\\D", "")) * 1_024;
                }
            }
        }
        return 0;
    }

    public static void main(String[] given) throws Exception {
        wanted = Long.parseLong(given[3]);
        KafkaStreams streams =
                new KafkaStreams(topology(given[1]), settings(given[0], given[2], given[4]));
        streams.start();
        boolean done = DONE.await(Long.parseLong(given[5]), TimeUnit.SECONDS);
        // Closing flushes the store's cache and commits.
        boolean closed = streams.close(Duration.ofSeconds(30));
        if (!done || !closed) {
            System.err.println("counted " + counted + " of " + wanted + " records in time");
            System.exit(1);
        }
        System.out.printf(
                "{\"first_s\":%d.%03d,\"counted\":%d,\"rss_bytes_max\":%d}%n",
                first / 1_000, first % 1_000, counted, residentBytesMax());
    }
}
