package io.socket.client;

import io.socket.engineio.client.Transport;
import java.util.function.Consumer;

/** In the library's own package, for a manager tells of transports when they are made, and of its engine to nobody else. */
public final class Engines {
    private Engines() {}

    /** Calls `told` with the name of the transport whenever a connection of `manager` has gone over to another one. */
    public static void onUpgrade(Manager manager, Consumer<String> told) {
        manager.on(Manager.EVENT_OPEN, opened ->
            manager.engine.on(io.socket.engineio.client.Socket.EVENT_UPGRADE, args -> told.accept(((Transport) args[0]).name)));
    }
}
