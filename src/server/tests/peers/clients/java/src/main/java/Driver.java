import io.socket.client.Ack;
import io.socket.client.Engines;
import io.socket.client.IO;
import io.socket.client.Socket;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.json.JSONArray;
import org.json.JSONException;
import org.json.JSONObject;

/** Driver of Maven io.socket:socket.io-client. The lines are described in driver.mjs. */
public final class Driver {
    private static final Map<String, Socket> SOCKETS = new HashMap<>();
    private static final PrintStream OUT = new PrintStream(System.out, true, StandardCharsets.UTF_8);

    private Driver() {}

    public static void main(String[] words) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            JSONObject command = new JSONObject(line);
            String name = command.getString("socket");
            switch (command.getString("do")) {
                case "open" -> open(name, command);
                case "emit" -> emit(name, command);
                case "close" -> SOCKETS.get(name).disconnect();
                default -> throw new IllegalArgumentException(line);
            }
        }
        System.exit(0);
    }

    private static void open(String name, JSONObject command) throws JSONException {
        IO.Options options = new IO.Options();
        options.forceNew = true;
        options.reconnectionDelay = 50;
        options.reconnectionDelayMax = 250;
        options.transports = strings(command.getJSONArray("transports"));
        options.auth = new HashMap<>();
        JSONObject auth = command.getJSONObject("auth");
        for (var keys = auth.keys(); keys.hasNext(); ) {
            String key = (String) keys.next();
            options.auth.put(key, auth.getString(key));
        }
        Socket socket = IO.socket(URI.create(command.getString("url")), options);
        SOCKETS.put(name, socket);
        Engines.onUpgrade(socket.io(), transport -> say(name, "upgrade", Map.of("transport", transport)));
        socket.on(Socket.EVENT_CONNECT, args -> say(name, "connect", Map.of()));
        socket.on(Socket.EVENT_CONNECT_ERROR, args -> say(name, "connect_error", Map.of("data", first(args))));
        socket.on(Socket.EVENT_DISCONNECT, args -> say(name, "disconnect", Map.of("reason", first(args))));
        socket.onAnyIncoming(args -> {
            JSONArray rest = array(Arrays.copyOfRange(args, 1, args.length));
            say(name, "event", Map.of("event", args[0], "args", rest));
        });
        socket.connect();
    }

    private static void emit(String name, JSONObject command) throws JSONException {
        JSONArray given = (JSONArray) unpack(command.getJSONArray("args"));
        Object[] args = new Object[given.length()];
        for (int at = 0; at < args.length; at++) {
            args[at] = given.get(at);
        }
        Ack ack = null;
        if (command.has("id")) {
            int id = command.getInt("id");
            ack = back -> say(name, "ack", Map.of("id", id, "args", array(back)));
        }
        SOCKETS.get(name).emit(command.getString("event"), args, ack);
    }

    private static void say(String name, String is, Map<String, Object> more) {
        // The old org.json wraps the map it is given.
        JSONObject said = new JSONObject(new HashMap<>(more));
        try {
            OUT.println(said.put("socket", name).put("is", is));
        } catch (JSONException error) {
            throw new IllegalStateException(error);
        }
    }

    private static String[] strings(JSONArray array) throws JSONException {
        List<String> strings = new ArrayList<>();
        for (int at = 0; at < array.length(); at++) {
            strings.add(array.getString(at));
        }
        return strings.toArray(new String[0]);
    }

    /** The first argument, as it travels on the lines; exceptions as their text. */
    private static Object first(Object[] args) {
        if (args.length == 0) {
            return "";
        }
        return args[0] instanceof JSONObject || args[0] instanceof String ? args[0] : String.valueOf(args[0]);
    }

    private static JSONArray array(Object[] args) {
        JSONArray packed = new JSONArray();
        for (Object arg : args) {
            packed.put(pack(arg));
        }
        return packed;
    }

    /** Bytes as they travel on the lines. */
    private static Object pack(Object value) {
        try {
            if (value instanceof byte[] bytes) {
                return new JSONObject().put("$binary", Base64.getEncoder().encodeToString(bytes));
            }
            if (value instanceof JSONArray array) {
                JSONArray packed = new JSONArray();
                for (int at = 0; at < array.length(); at++) {
                    packed.put(pack(array.get(at)));
                }
                return packed;
            }
            if (value instanceof JSONObject object) {
                JSONObject packed = new JSONObject();
                for (var keys = object.keys(); keys.hasNext(); ) {
                    String key = (String) keys.next();
                    packed.put(key, pack(object.get(key)));
                }
                return packed;
            }
        } catch (JSONException error) {
            throw new IllegalStateException(error);
        }
        return value == null ? JSONObject.NULL : value;
    }

    /** The same back. */
    private static Object unpack(Object value) throws JSONException {
        if (value instanceof JSONArray array) {
            JSONArray unpacked = new JSONArray();
            for (int at = 0; at < array.length(); at++) {
                unpacked.put(unpack(array.get(at)));
            }
            return unpacked;
        }
        if (value instanceof JSONObject object) {
            if (object.has("$binary")) {
                return Base64.getDecoder().decode(object.getString("$binary"));
            }
            JSONObject unpacked = new JSONObject();
            for (var keys = object.keys(); keys.hasNext(); ) {
                String key = (String) keys.next();
                unpacked.put(key, unpack(object.get(key)));
            }
            return unpacked;
        }
        return value;
    }
}
