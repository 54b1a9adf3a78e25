using Foresight.ServiceDefaults.Trust;
using Foresight.Simulation.Checks;
using Foresight.Simulation.Clients;
using Foresight.Simulation.Faults;
using Foresight.Simulation.Mutants;
using Foresight.Simulation.Network;
using Foresight.Simulation.Postgres;
using Foresight.Simulation.Processes;
using Foresight.Simulation.Redis;
using Foresight.Simulation.Time;
using Foresight.Simulation.Vault;

namespace Foresight.Simulation;

internal sealed class World
{
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private volatile bool _leftTheThread;

    public World(ulong seed, Mutant mutant, Action<string>? tell)
    {
        Mutant = mutant;
        Dice = new Dice(seed);
        Timeline = new Timeline();
        Trace = new Trace(Timeline, tell);
        Latency = new Latency(Dice.Fork());
        Invariants = new Invariants(this);
        Keys = new ClusterKeys("secret of a simulated cluster");
        Believed = new BelievedMessages(this);
        Leases = new BelievedLeases(this);
        Enemy = new RedisEnemy(this);
        Redis = new SimulatedRedis(this);
        Postgres = new SimulatedPostgres(this);
        Nodes = [.. Enumerable.Range(1, 3).Select(number => new SimulatedNode(this, number, RateOf(Dice)))];
        Leaders = new LeaseReader(this);
        Follower = new Follower(this);
        Watcher = new Watcher(this);
        Traders = [.. Enumerable.Range(1, 4).Select(number => new Trader(this, number))];
        Nemesis = new Nemesis(this);
        SettlementTerm = new SettlementTerm(this, Dice.Fork());
        BrokenNode = new BrokenNode(this, Dice.Fork());
        Chain = new SimulatedChain(this, Dice.Fork());
        VaultChecks = new VaultChecks(this, Invariants.Oracle);
        VaultFollower = new VaultFollower(this);
        Owners = new Owners(this);
    }

    public Mutant Mutant { get; }
    public Dice Dice { get; }
    public Timeline Timeline { get; }
    public Trace Trace { get; }
    public Latency Latency { get; }
    public Invariants Invariants { get; }
    public ClusterKeys Keys { get; }
    public BelievedMessages Believed { get; }
    public BelievedLeases Leases { get; }
    public RedisEnemy Enemy { get; }
    public SimulatedRedis Redis { get; }
    public SimulatedPostgres Postgres { get; }
    public IReadOnlyList<SimulatedNode> Nodes { get; }
    public LeaseReader Leaders { get; }
    public Follower Follower { get; }
    public Watcher Watcher { get; }
    public IReadOnlyList<Trader> Traders { get; }
    public Nemesis Nemesis { get; }

    public SettlementTerm SettlementTerm { get; }
    public BrokenNode BrokenNode { get; }
    public SimulatedChain Chain { get; }
    public VaultChecks VaultChecks { get; }
    public VaultFollower VaultFollower { get; }
    public Owners Owners { get; }

    public string? Violation { get; private set; }

    /// <summary>Recorded as well as thrown, because a caller may catch everything, as a leadership loop does.</summary>
    public ViolationException Violated(string rule, string what)
    {
        var broken = new ViolationException(rule, what);
        Violation ??= broken.Message;
        return broken;
    }

    public long Steps { get; set; }

    /// <summary>Another thread's order is not determined, so a continuation from one breaks the rule of decision 0410.</summary>
    public bool LeftTheThread => _leftTheThread;

    public bool IsOnThread()
    {
        if (Environment.CurrentManagedThreadId == _thread)
            return true;
        _leftTheThread = true;
        return false;
    }

    /// <summary>
    /// Clocks of real machines differ by millionths; here they sometimes differ by more than the margin of a lease allows.
    /// </summary>
    private static double RateOf(Dice dice) => 1 + (dice.Between(-1000, 1000) / (dice.Chance(0.1) ? 5_000.0 : 50_000.0));
}
