using System.Diagnostics.Metrics;
using Foresight.Cluster;
using Foresight.Matching.Gateway;
using Foresight.Matching.Leadership;
using Foresight.Matching.Loop;
using Foresight.Matching.Orders;
using Foresight.Matching.Recovery;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;
using Foresight.Simulation.Network;
using Foresight.Simulation.Postgres;
using Foresight.Simulation.Redis;
using Foresight.Simulation.Time;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Foresight.Simulation.Processes;

internal sealed record SimulatedNodeParts(
    SimulatedNode Node,
    SimulatedBroadcast Broadcast,
    NodePresence Presence,
    MatchingGate Gate,
    TimeProvider Clock
);

internal sealed class SimulatedNode : Process
{
    private static readonly LeaseOptions Lease = new();
    private static readonly MatchingOptions Options = new() { CommandsPerSnapshot = 60 };

    // Not read here, so one of each serves every node of every simulation.
    private static readonly LeadershipMetrics LeadershipMetrics = new(new Meters());
    private static readonly MatchingMetrics Metrics = new(new Meters(), TimeProvider.System);

    private readonly SimulatedClock _clock;
    private SimulatedLifetime? _lifetime;
    private SimulatedSessions? _primary;

    public SimulatedNode(World world, int number, double clockRate)
        : base(world, $"node-{number}")
    {
        Address = $"http://10.0.0.{number}:80";
        ToRedis = new Link(world);
        ToPostgres = new Link(world);
        ToClients = new Link(world);
        ClockRate = clockRate;
        _clock = world.Mutant.Clock(world.Timeline, this, clockRate);
    }

    public const int Shard = 0;

    public string Address { get; }

    public double ClockRate { get; }

    public Link ToRedis { get; }

    public Link ToPostgres { get; }

    public Link ToClients { get; }

    public SimulatedNodeParts? Parts { get; private set; }

    public bool Leads => Alive && Parts?.Gate.Session(Shard) is not null;

    public static TimeSpan LeaseDuration => Lease.LeaseDuration;

    public void JumpWallClock(TimeSpan by) => _clock.WallOffset += by;

    public void Start() =>
        Begin(() =>
        {
            var broadcast = new SimulatedBroadcast(World, this, ToRedis);
            var presence = new NodePresence("matching", "follower");
            presence.SetAddress(Address);
            var gate = new MatchingGate();
            Parts = new SimulatedNodeParts(this, broadcast, presence, gate, _clock);
            _lifetime = new SimulatedLifetime();
            _primary = new SimulatedSessions(World, this, ToPostgres, _clock, $"primary of {Name}");

            var table = World.Mutant.Table(World, _primary);
            var terms = new TermStore(table, Logger<TermStore>());
            var leases = new SimulatedLeaseStore(World, this, ToRedis, _clock, broadcast);
            var stores = new LeadershipStores(
                World.Mutant.Leases(leases),
                terms,
                new Sessions(this),
                new CrashDetector(terms, new Probe(this), Lease)
            );
            var outlets = new LeadershipOutlets(LeadershipMetrics, broadcast, new NoNotices(), presence)
            {
                DropNode = (_, _) => Task.CompletedTask,
            };
            var services = new LeadershipServices(Lease, stores, outlets, new ShardPlacement(), _clock)
            {
                NewToken = World.Dice.Fork().NextGuid,
            };
            var work = new MatchingTask(
                Shard,
                gate,
                new MatchingServices(new SimulatedJournals(World, Parts), Options, Metrics, broadcast, new NoNotices(), _clock),
                Logger<MatchingTask>()
            );
            var identity = new NodeIdentity(Name, "matching", "simulated", _clock.GetUtcNow());
            var loop = new LeadershipLoop(
                LeasedResources.MatchingOf(Shard),
                World.Mutant.Work(work, Parts),
                services,
                identity,
                _lifetime,
                Logger<LeadershipLoop>()
            );
            _ = LiveAsync(loop, _lifetime);
        });

    /// <summary>After kill -9 the machine closes the connections; a machine without power sends nothing.</summary>
    public void Crash(bool machineDies)
    {
        var sessions = machineDies ? [] : World.Postgres.Sessions.Where(session => session.Client == Context).ToList();
        Forget();
        Kill();
        foreach (var session in sessions)
            ToPostgres.Request(() => World.Postgres.Close(session));
        IsPoweredOff = machineDies;
    }

    public bool IsPoweredOff { get; private set; }

    public void Stop() => Run(() => _lifetime?.StopApplication());

    public void Restart()
    {
        IsPoweredOff = false;
        Start();
    }

    public Task<CommandResult> SubmitAsync(LeaderCommand command, DateTimeOffset sentAt) =>
        CommandGateway.Submit(command, Parts?.Gate.Session(Shard), sentAt, _clock);

    private async Task LiveAsync(LeadershipLoop loop, SimulatedLifetime life)
    {
        await loop.RunAsync(life.ApplicationStopping);
        World.Trace.Add(Name, "has stopped");
        life.Stopped();
        await _primary!.DisposeAsync();
        Crash(machineDies: false);
    }

    private void Forget()
    {
        Parts?.Broadcast.Forget();
        Parts = null;
    }

    private SimulatedLogger<T> Logger<T>() => new(World, Name);

    private sealed class Sessions(SimulatedNode node) : ILeaderSessions
    {
        public ITermSessions Open(string sessionName) => new SimulatedSessions(node.World, node, node.ToPostgres, node._clock, sessionName);
    }

    private sealed class Probe(SimulatedNode asker) : INodeProbe
    {
        public async Task<bool> RefusesAsync(string address, CancellationToken cancellationToken)
        {
            try
            {
                return await Call<bool>.AskAsync(
                    asker,
                    asker._clock,
                    asker.ToClients,
                    call => Ask(address, call),
                    TimeSpan.FromMilliseconds(300),
                    () => new TimeoutException(),
                    cancellationToken
                );
            }
            catch (TimeoutException)
            {
                return false;
            }
        }

        private void Ask(string address, Call<bool> call)
        {
            var node = asker.World.Nodes.FirstOrDefault(node => node.Address == address);
            // The machine of a paused process still accepts connections; one that is cut off or without power does not answer.
            if (node is { IsPoweredOff: false, ToClients.IsCut: false })
                call.Answer(!node.Alive);
        }
    }

    private sealed class Meters : IMeterFactory
    {
        public Meter Create(MeterOptions options) => new(options);

        public void Dispose() { }
    }
}

internal sealed class SimulatedLifetime : IHostApplicationLifetime
{
    private readonly CancellationTokenSource _started = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _stopped = new();

    public CancellationToken ApplicationStarted => _started.Token;

    public CancellationToken ApplicationStopping => _stopping.Token;

    public CancellationToken ApplicationStopped => _stopped.Token;

    public void StopApplication() => _stopping.Cancel();

    public void Stopped() => _stopped.Cancel();
}

internal sealed class SimulatedLogger<T>(World world, string who) : ILogger<T>
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= (world.Trace.IsTold ? LogLevel.Information : LogLevel.Error);

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter
    )
    {
        if (!IsEnabled(logLevel))
            return;
        var cause = exception is null ? "" : $" [{exception.GetType().Name}: {exception.Message}]";
        world.Trace.Note(who, formatter(state, exception) + cause);
        // Each fault of the world has its own exception, with one gap: a term that is over may read what its successor is writing.
        var isOver = exception is JournalBrokenException && world.Postgres.Tables.Leadership?.NodeId != who;
        if (logLevel == LogLevel.Error && exception is not null && typeof(T) == typeof(LeadershipLoop) && !isOver)
            world.Violated("a defect ends no term", $"{who}: {exception.GetType().Name}: {exception.Message}");
    }
}
