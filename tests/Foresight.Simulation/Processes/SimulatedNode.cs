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
using Microsoft.Extensions.Logging.Abstractions;

namespace Foresight.Simulation.Processes;

internal sealed record SimulatedNodeParts(
    SimulatedNode Node,
    SimulatedBroadcast Broadcast,
    NodePresence Presence,
    MatchingGate Gate,
    SimulatedGateway Gateway,
    TimeProvider Clock
);

internal sealed class SimulatedNode : Process
{
    private static readonly LeaseOptions Lease = new();
    private static readonly MatchingOptions Options = new() { CommandsPerSnapshot = 60 };

    // Not read here, so one of each serves every node of every simulation.
    private static readonly LeadershipMetrics LeadershipMetrics = new(new Meters());
    private static readonly MatchingMetrics Metrics = new(new Meters(), TimeProvider.System);
    private static readonly OrderLifeWatch OrderLife = new(new Meters(), TimeProvider.System);
    private static readonly JournalTimeWatch JournalTime = new(new Meters(), TimeProvider.System, NullLogger<JournalTimeWatch>.Instance);

    private readonly SimulatedClock _clock;
    private readonly Dice _gatewayDice;
    private readonly Dice _watchDice;
    private readonly List<Call<bool>> _watchers = [];
    private SimulatedLifetime? _lifetime;
    private SimulatedSessions? _primary;

    public SimulatedNode(World world, int number, double clockRate)
        : base(world, $"node-{number}")
    {
        Address = $"https://10.0.0.{number}:443";
        ToRedis = new Link(world);
        ToPostgres = new Link(world);
        ToClients = new Link(world);
        ClockRate = clockRate;
        _gatewayDice = new Dice((ulong)number);
        _watchDice = _gatewayDice.Fork();
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

    public TimeSpan WallOffset => _clock.WallOffset;

    public void JumpWallClock(TimeSpan by) => _clock.WallOffset += by;

    public void Start() =>
        Begin(() =>
        {
            var identity = new NodeIdentity(Name, "matching", "simulated", _clock.GetUtcNow());
            var broadcast = new SimulatedBroadcast(World, this, ToRedis, _clock);
            var presence = new NodePresence("matching", "follower");
            presence.SetAddress(Address);
            var gate = new MatchingGate();
            Parts = new SimulatedNodeParts(
                this,
                broadcast,
                presence,
                gate,
                new SimulatedGateway(this, gate, _clock, _gatewayDice.Fork()),
                _clock
            );
            _lifetime = new SimulatedLifetime();
            _primary = new SimulatedSessions(World, this, ToPostgres, _clock, $"primary of {Name}");

            var table = World.Mutant.Table(World, _primary);
            var terms = new TermStore(table, Logger<TermStore>());
            var stores = new LeadershipStores(
                World.Mutant.Board(new SimulatedLeaseBoard(World, SimulatedHints.Of(World, identity), ToRedis, broadcast)),
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
                new MatchingServices(
                    new SimulatedJournals(World, Parts),
                    Options,
                    Metrics,
                    OrderLife,
                    JournalTime,
                    broadcast,
                    new NoNotices(),
                    _clock
                ),
                Logger<MatchingTask>()
            );
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
        EndWatches(areNoticed: !machineDies);
        IsPoweredOff = machineDies;
    }

    public bool IsPoweredOff { get; private set; }

    /// <summary>The gateway breaks the watches off before the lease is released.</summary>
    public void Stop()
    {
        EndWatches(areNoticed: true);
        Run(() => _lifetime?.StopApplication());
    }

    public void Restart()
    {
        IsPoweredOff = false;
        Start();
    }

    /// <returns>Null if the node cuts the sender's connection.</returns>
    public Task<CommandResult?> SubmitAsync(ConnectedNode peer, LeaderCommand command, TermClaim? claim, DateTimeOffset sentAt) =>
        Parts is { } parts
            ? parts.Gateway.SubmitAsync(peer, command, claim, sentAt)
            : Task.FromResult<CommandResult?>(new CommandResult(command.RequestId, ResultStatus.NotLeader, ProblemCodes.NotLeader));

    private async Task LiveAsync(LeadershipLoop loop, SimulatedLifetime life)
    {
        await loop.RunAsync(life.ApplicationStopping);
        World.Trace.Add(Name, "has stopped");
        life.Stopped();
        await _primary!.DisposeAsync();
        Crash(machineDies: false);
    }

    /// <summary>On the other side of a cut none is noticed.</summary>
    private void EndWatches(bool areNoticed)
    {
        if (areNoticed && !ToClients.IsCut)
            _watchers.ForEach(watcher => watcher.Answer(true));
        _watchers.Clear();
    }

    private void Forget()
    {
        Parts?.Broadcast.Forget();
        Parts = null;
    }

    private SimulatedLogger<T> Logger<T>() => new(World, Name);

    private sealed class Sessions(SimulatedNode node) : ILeaderSessions
    {
        public ITermSessions Open(Term term) =>
            new SimulatedSessions(node.World, node, node.ToPostgres, node._clock, LeaderSessions.NameOf(term.Resource, term.Token));
    }

    private sealed class Probe(SimulatedNode asker) : INodeProbe
    {
        public Task<bool> RefusesAsync(string address, CancellationToken cancellationToken) =>
            AskAsync(call => Ask(address, call), TimeSpan.FromMilliseconds(300), cancellationToken);

        public async Task<bool> WaitForEndAsync(string address, CancellationToken cancellationToken)
        {
            try
            {
                return await AskAsync(call => Watch(address, call), TimeSpan.FromMinutes(1), cancellationToken);
            }
            catch (OperationCanceledException)
            {
                return false;
            }
        }

        /// <returns>False without an answer in time.</returns>
        private async Task<bool> AskAsync(Action<Call<bool>> atServer, TimeSpan within, CancellationToken cancellationToken)
        {
            try
            {
                return await Call<bool>.AskAsync(
                    asker,
                    asker._clock,
                    asker.ToClients,
                    atServer,
                    within,
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
            // The machine of a paused process still accepts connections.
            if (Reached(address) is { } node)
                call.Answer(!node.Alive);
        }

        private void Watch(string address, Call<bool> call)
        {
            if (Reached(address) is not { Alive: true, Paused: false } node)
            {
                call.Answer(false);
                return;
            }

            node._watchers.Add(call);
            // A connection may break while the process lives.
            if (node._watchDice.Chance(0.2))
                asker.World.Timeline.After(node._watchDice.Between(TimeSpan.Zero, TimeSpan.FromSeconds(5)), () => call.Answer(true));
        }

        /// <summary>A machine that is cut off or without power does not answer.</summary>
        private SimulatedNode? Reached(string address) =>
            asker.World.Nodes.FirstOrDefault(node => node.Address == address && !node.IsPoweredOff && !node.ToClients.IsCut);
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
