using Foresight.Matching.Leadership;
using Foresight.Simulation.Network;
using Foresight.Simulation.Processes;
using Foresight.Simulation.Time;

namespace Foresight.Simulation.Postgres;

/// <summary>
/// As with the client library's pool, a connection whose session was ended shows that only when it is used, and takes the idle others with
/// it; a command that times out is abandoned with its connection, while the server may still work on it.
/// </summary>
internal sealed class SimulatedSessions : ITermSessions
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan CommandTimeout = TimeSpan.FromSeconds(4);
    private const double Pruned = 0.1;

    private readonly World _world;
    private readonly Process _process;
    private readonly Link _link;
    private readonly TimeProvider _clock;
    private readonly string _name;
    private readonly ProcessContext _context;
    private readonly Dice _dice;
    private readonly Stack<Session> _idle = [];
    private bool _disposed;

    public SimulatedSessions(World world, Process process, Link link, TimeProvider clock, string name)
    {
        (_world, _process, _link, _clock, _name) = (world, process, link, clock, name);
        _context = process.Context;
        _dice = world.Dice.Fork();
    }

    public Process Process => _process;

    public async Task<T> UseAsync<T>(Func<Connection, Task<T>> work, CancellationToken cancellationToken = default)
    {
        if (_disposed)
            throw new ObjectDisposedException(_name);
        // Pools drop idle connections after a while, so the next one may be new to the server.
        if (_process.ForgetsIdleConnections || _dice.Chance(Pruned))
            while (_idle.Count > 0)
                Close(_idle.Pop());
        _process.ForgetsIdleConnections = false;
        var session =
            _idle.Count > 0
                ? _idle.Pop()
                : await Call<Session>.AskAsync(
                    _process,
                    _clock,
                    _link,
                    call => _world.Postgres.Connect(call, _name, _context),
                    ConnectTimeout,
                    Errors.Timeout,
                    cancellationToken
                );
        var connection = new Connection(this, session);
        try
        {
            var result = await work(connection);
            if (_disposed)
                Close(session);
            else
                _idle.Push(session);
            return result;
        }
        catch (Exception error)
        {
            if (error is Npgsql.PostgresException { InvariantSeverity: "ERROR" } && !_disposed)
            {
                // The client rolls back, because the server would keep an open transaction with the session.
                _world.Postgres.Undo(session);
                _idle.Push(session);
            }
            else
            {
                Close(session);
                while (error is Npgsql.NpgsqlException && _idle.Count > 0)
                    Close(_idle.Pop());
            }

            throw;
        }
    }

    public ValueTask DisposeAsync()
    {
        _disposed = true;
        while (_idle.Count > 0)
            Close(_idle.Pop());
        return ValueTask.CompletedTask;
    }

    private void Close(Session session) => _link.Request(() => _world.Postgres.Close(session));

    internal sealed class Connection(SimulatedSessions pool, Session session)
    {
        public Session Session => session;

        public Task<T> RequestAsync<T>(Func<Task<T>> atServer, TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
            Call<T>.AskAsync(
                pool._process,
                pool._clock,
                pool._link,
                call => pool._world.Postgres.Arrive(call, session, atServer),
                timeout ?? CommandTimeout,
                Errors.Timeout,
                cancellationToken,
                Errors.Broken
            );

        public Task<T> RequestAsync<T>(Func<T> atServer, CancellationToken cancellationToken = default) =>
            RequestAsync(() => Task.FromResult(atServer()), timeout: null, cancellationToken);
    }
}
