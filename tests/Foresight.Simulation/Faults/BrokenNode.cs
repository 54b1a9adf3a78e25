using System.Globalization;
using System.Net;
using System.Text.Json;
using Foresight.Cluster.Proof;
using Foresight.Matching.Gateway;
using Foresight.Matching.Orders;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Trust;
using Foresight.Simulation.Clients;
using Foresight.Simulation.Network;
using Foresight.Simulation.Processes;
using Foresight.Simulation.Time;

namespace Foresight.Simulation.Faults;

/// <summary>
/// Api node that was broken into, so it has the cluster's secret: it sends leaders orders of other people, facts of the chain and claims of
/// terms that it does not hold, and publishes sealed messages that no leader has sent. It comes back under another name whenever it was put
/// out.
/// </summary>
internal sealed class BrokenNode : Process
{
    /// <summary>A claim is believed for a second after its term has ended, by a clock that may run a fifth too slow.</summary>
    private static readonly TimeSpan BelievedFor = TimeSpan.FromSeconds(3);

    /// <summary>More than may be taken before one of them is checked.</summary>
    private const int OrdersInABurst = 80;

    /// <summary>An account without money.</summary>
    private const int OwnTrader = 9;

    /// <summary>Has money, and signs whatever the node wants: a trader's own command is sequenced only if it owns something.</summary>
    private const int Accomplice = 4;

    private readonly Dice _dice;
    private readonly SimulatedClock _clock;
    private readonly Link _link;
    private readonly HashSet<Guid> _lies = [];
    private readonly HashSet<Guid> _forged = [];
    private readonly HashSet<ulong> _squatters = [];
    private readonly Dictionary<string, MessageSealer> _sealers = [];
    private int _names;

    /// <summary>Far from those of the traders.</summary>
    private int _salts = 1_000_000;

    public BrokenNode(World world, Dice dice)
        : base(world, "broken-node")
    {
        (_dice, _link) = (dice, new Link(world));
        _clock = new SimulatedClock(world.Timeline, this, rate: 1);
        Run(() => _ = LieAsync());
    }

    public bool Stopped { get; set; }

    /// <summary>A fact of the chain that its sender had no right to report.</summary>
    public bool IsLie(Guid request) => _lies.Contains(request);

    public bool IsForged(Guid request) => _forged.Contains(request);

    /// <summary>True for the salts of commands that were sent only under ids of other commands.</summary>
    public bool IsSquatter(ulong saltTag) => _squatters.Contains(saltTag);

    private async Task LieAsync()
    {
        while (!Stopped)
        {
            await Task.Delay(_dice.Between(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(3)), _clock);
            switch (_dice.Below(6))
            {
                case 0:
                    await PlaceForOthersAsync();
                    break;
                case 1:
                    await SendAsync(PeerOf(NodeKinds.Api), Fact(), _dice.Chance(0.5) ? World.SettlementTerm.Claim : null);
                    break;
                case 2:
                    await SendAsync(PeerOf(NodeKinds.Matching), Fact(), FalseClaim());
                    break;
                case 3:
                    await SquatAsync();
                    break;
                default:
                    Publish();
                    break;
            }
        }
    }

    /// <summary>Sound commands of an accomplice, under the ids of facts, of other traders' keys and of the leader's own commands.</summary>
    private async Task SquatAsync()
    {
        var peer = PeerOf(NodeKinds.Api);
        var tables = World.Postgres.Tables;
        List<Guid> ids = [.. World.Traders.Select(trader => trader.NextKeyId(1 + _dice.Below(Trader.Accounts)))];
        foreach (var trade in tables.Trades.Keys.OrderByDescending(trade => trade.Value).Take(3))
            ids.AddRange([Follower.SettleId(trade.Value), Follower.BustId(trade.Value)]);
        for (var ahead = 1; ahead <= 8; ahead++)
            ids.Add(RequestIds.OfLeader(SimulatedNode.Shard, tables.Leadership?.Epoch ?? 1, tables.LastSequence + ahead));
        foreach (var id in ids.Where(id => !tables.ByRequest.ContainsKey(id)))
        {
            LeaderCommand squatter = _dice.Chance(0.5) ? KilledOrder(id) : Cancel(id);
            _squatters.Add(QueuedCommand.TagOf(_salts.ToString(CultureInfo.InvariantCulture))!.Value);
            await SendAsync(peer, squatter, claim: null);
        }
    }

    private PlaceOrder KilledOrder(Guid id) =>
        SimulatedTraders.Signed(
            OrderOf(Trader.AccountOf(Accomplice, 1)) with
            {
                RequestId = id,
                Lots = 400,
                TimeInForce = (int)Matching.Engine.TimeInForce.FillOrKill,
            }
        );

    private CancelBySalt Cancel(Guid id) =>
        SimulatedTraders.Signed(
            new CancelBySalt(Trader.AccountOf(Accomplice, 1), 1, (++_salts).ToString(CultureInfo.InvariantCulture)) { RequestId = id }
        );

    private async Task PlaceForOthersAsync()
    {
        var peer = PeerOf(NodeKinds.Api);
        for (var i = 0; i < OrdersInABurst; i++)
        {
            var order = OrderOf(Trader.AccountOf(1 + _dice.Below(4), 1));
            _forged.Add(order.RequestId);
            await SendAsync(peer, order, claim: null);
        }

        // Sound ones, which no node takes of one that has lied.
        for (var i = 0; i < 3; i++)
            await SendAsync(peer, OrderOf(Trader.AccountOf(OwnTrader, 1)), claim: null);
    }

    /// <summary>Signed by the key of this node's own trader, whichever account is named as its maker.</summary>
    private PlaceOrder OrderOf(string maker) =>
        SimulatedTraders.Signed(
            new PlaceOrder
            {
                RequestId = _dice.NextGuid(),
                Hash = "",
                Maker = maker,
                MarketId = 1,
                Outcome = 0,
                IsBuy = true,
                PriceTicks = 100,
                Lots = 1,
                Salt = (++_salts).ToString(CultureInfo.InvariantCulture),
                Signature = "",
                TimeInForce = (int)Matching.Engine.TimeInForce.ImmediateOrCancel,
            },
            SimulatedTraders.KeyOf(OwnTrader, 1)
        );

    /// <summary>Money that no account has.</summary>
    private ObserveBalance Fact()
    {
        var fact = new ObserveBalance(
            Trader.AccountOf(1 + _dice.Below(4), 1),
            0,
            Matching.Engine.Command.CollateralOutcome,
            1_000_000_000_000,
            1_000_000
        )
        {
            RequestId = _dice.NextGuid(),
        };
        _lies.Add(fact.RequestId);
        return fact;
    }

    private TermClaim? FalseClaim()
    {
        var claim = World.SettlementTerm.Claim;
        return _dice.Below(4) switch
        {
            0 => null,
            1 => claim with { Token = _dice.NextGuid() },
            2 => claim with { Epoch = claim.Epoch + 1, Token = _dice.NextGuid() },
            _ => World.SettlementTerm.EndedBefore(BelievedFor),
        };
    }

    private ConnectedNode PeerOf(string kind) => new(new ProvenNode($"broken-{++_names}", kind), IPAddress.Parse("10.0.9.9"));

    /// <summary>Waits for the answer at most a moment: nothing hangs on what a leader replies to a lie.</summary>
    private async Task SendAsync(ConnectedNode peer, LeaderCommand command, TermClaim? claim)
    {
        var now = _clock.GetUtcNow();
        command = command with { Deadline = now + TimeSpan.FromSeconds(5) };
        foreach (var node in World.Nodes.Where(node => node.Leads))
            _link.Request(() =>
            {
                if (node.Alive)
                    node.ToClients.Request(() => node.Run(() => _ = node.SubmitAsync(peer, command, claim, now)));
            });
        await Task.Delay(_dice.Between(TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(8)), _clock);
    }

    private void Publish()
    {
        var (epoch, sequence) = (World.Postgres.Tables.Leadership?.Epoch ?? 0, World.Postgres.Tables.LastSequence);
        var levels = new[] { new LevelChange(0, IsBid: true, 9_900, 1 + _dice.Below(1_000)) };
        var market = 1 + _dice.Below(SimulatedTraders.Markets);
        switch (_dice.Below(4))
        {
            case 0:
                Publish(Channels.Depth, new DepthMessage(market, epoch + (1L << 40), sequence + 1, 0, Snapshot: true, levels));
                break;
            case 1:
                Publish(Channels.Orders, new OrdersMessage(epoch + (1L << 40), sequence + 1, []));
                break;
            case 2:
                Publish(Channels.Depth, new DepthMessage(market, epoch, sequence + (1L << 40), sequence, Snapshot: false, levels));
                // At a place that the journal may have, after a message that does not exist.
                Publish(Channels.Depth, new DepthMessage(market, epoch, sequence + 50_000, sequence + 49_999, Snapshot: false, levels));
                break;
            default:
                Publish(Channels.Depth, new DepthMessage(market, epoch, sequence, 0, Snapshot: true, levels));
                break;
        }
    }

    private void Publish<T>(string channel, T message)
    {
        var content = JsonSerializer.SerializeToUtf8Bytes(message, JsonSerializerOptions.Web);
        if (!_sealers.TryGetValue(channel, out var sealer))
            _sealers.Add(channel, sealer = new MessageSealer(World.Keys, channel, Identity, _clock));
        var sealedMessage = sealer.Seal(content);
        World.Believed.Sent(channel, content);
        _link.Request(() =>
        {
            if (World.Redis.Alive)
                World.Redis.Run(() => World.Redis.Publish(channel, sealedMessage));
        });
    }

    private NodeIdentity Identity => new(Name, NodeKinds.Api, "simulated", _clock.GetUtcNow());
}
