using Foresight.Matching.Leadership;
using Foresight.Simulation.Network;
using Foresight.Simulation.Processes;
using Foresight.Simulation.Time;

namespace Foresight.Simulation.Postgres;

/// <summary>
/// A pool of connections, as the client library keeps them: a connection whose session was ended shows that only when it is used, and takes
/// the idle others with it; a command that is late is given up with its connection, while the server may still work on it.
/// </summary>
internal sealed class SimulatedSessions : ITermSessions
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan CommandTimeout = TimeSpan.FromSeconds(4);
    private const double Pruned = 0.1;

    private readonly World world;
    private readonly Process process;
    private readonly Link link;
    private readonly TimeProvider clock;
    private readonly string name;
    private readonly ProcessContext context;
    private readonly Dice dice;
    private readonly Stack<Session> idle = [];
    private bool disposed;

    public SimulatedSessions(World world, Process process, Link link, TimeProvider clock, string name)
    {
        (this.world, this.process, this.link, this.clock, this.name) = (world, process, link, clock, name);
        context = process.Context;
        dice = world.Dice.Fork();
    }

    /// <summary>Uses one connection for one or several requests.</summary>
    public async Task<T> UseAsync<T>(Func<Connection, Task<T>> work, CancellationToken cancellation = default)
    {
        if (disposed) throw new ObjectDisposedException(name);
        // An idle connection may have been given up meanwhile, as pools do: then the next one is new to the server.
        if (process.ForgetsIdleConnections || dice.Chance(Pruned))
            while (idle.Count > 0) Close(idle.Pop());
        process.ForgetsIdleConnections = false;
        var session = idle.Count > 0
            ? idle.Pop()
            : await Call<Session>.AskAsync(
                process, clock, link, call => world.Postgres.Connect(call, name, context), ConnectTimeout, Errors.Timeout, cancellation);
        var connection = new Connection(this, session);
        try
        {
            var result = await work(connection);
            if (disposed) Close(session);
            else idle.Push(session);
            return result;
        }
        catch (Exception error)
        {
            if (error is Npgsql.PostgresException { InvariantSeverity: "ERROR" } && !disposed)
            {
                // The server goes on with the session; an open transaction is undone by its client.
                world.Postgres.Undo(session);
                idle.Push(session);
            }
            else
            {
                Close(session);
                while (error is Npgsql.NpgsqlException && idle.Count > 0) Close(idle.Pop());
            }

            throw;
        }
    }

    public ValueTask DisposeAsync()
    {
        disposed = true;
        while (idle.Count > 0) Close(idle.Pop());
        return ValueTask.CompletedTask;
    }

    private void Close(Session session) => link.Request(() => world.Postgres.Close(session));

    internal sealed class Connection(SimulatedSessions pool, Session session)
    {
        public Session Session => session;

        public Task<T> RequestAsync<T>(Func<Task<T>> atServer, TimeSpan? timeout = null, CancellationToken cancellation = default) => Call<T>.AskAsync(
            pool.process, pool.clock, pool.link, call => pool.world.Postgres.Arrive(call, session, atServer), timeout ?? CommandTimeout, Errors.Timeout,
            cancellation, Errors.Broken);

        public Task<T> RequestAsync<T>(Func<T> atServer, CancellationToken cancellation = default) =>
            RequestAsync(() => Task.FromResult(atServer()), timeout: null, cancellation);
    }
}
