using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Foresight.Matching.Engine;
using Foresight.Matching.Journal;
using Foresight.Matching.Orders;
using Foresight.Matching.Sequencing;
using Foresight.Protocol;

namespace Foresight.Bench.Recovery;

internal sealed class OrderFlow(int seed, int resting)
{
    public const int Markets = 20;
    public const int Accounts = 1_000;

    private const int Unsettled = 10_000;

    private const int Middle = 5_000;
    private const long Micros = 1_000_000_000_000;

    private readonly Random _random = new(seed);
    private readonly List<LiveOrder> _live = [];
    private readonly Queue<TradeId> _unsettled = [];
    private long _block = 1;

    public int Placed { get; private set; }

    public static List<QueuedCommand> Funding() =>
        [
            .. Enumerable
                .Range(1, Accounts)
                .SelectMany(account =>
                    new[]
                    {
                        Read(Traders.Fund(account, micros: Micros)),
                        Read(Traders.FundShares(account, HomeOf(account), 0)),
                        Read(Traders.FundShares(account, HomeOf(account), 1)),
                    }
                ),
        ];

    public List<QueuedCommand> Next(Sequencer sequencer, int count, DateTime now)
    {
        _block++;
        var requests = new List<QueuedCommand>(count);
        for (var left = Math.Min(sequencer.Orders.Count - resting, count / 2); left > 0 && TakeLive(sequencer) is { } order; left--)
            requests.Add(Read(Traders.CancelByHash(order.Account.Value, order.Market.Value, order.Hash.ToString())));
        for (var left = Math.Min(_unsettled.Count - Unsettled, count / 2); left > 0 && requests.Count < count; left--)
            requests.Add(Read(Traders.Settle(_unsettled.Dequeue().Value, _block)));
        while (requests.Count < count)
            requests.Add(Read(Place(now)));
        _random.Shuffle(CollectionsMarshal.AsSpan(requests));
        return requests;
    }

    /// <summary>Records the outcome of a batch, so that later cancels name live orders.</summary>
    public void Matched(JournalBatch batch)
    {
        _live.AddRange(batch.NewOrders.Select(row => row.Order).Where(order => order.IsLive));
        foreach (var trade in batch.Trades)
            _unsettled.Enqueue(trade.Id);
    }

    private PlaceOrder Place(DateTime now)
    {
        Placed++;
        var account = _random.Next(1, Accounts + 1);
        var sells = _random.Next(4) == 0;
        var market = sells ? HomeOf(account) : _random.Next(1, Markets + 1);
        var rests = _random.Next(100) < 65;
        var distance = rests ? 1 + (int)((long)_random.Next(3_000) * _random.Next(3_000) / 3_000) : -_random.Next(20);
        var takesOnly = !rests && _random.Next(2) == 0;
        var expiry = rests && _random.Next(4) == 0 ? new DateTimeOffset(now).ToUnixTimeSeconds() + _random.Next(2, 30) * 86_400L : 0;
        var hash = SHA256.HashData([.. BitConverter.GetBytes(seed), .. BitConverter.GetBytes(Placed)]);
        var timeInForce =
            takesOnly ? TimeInForce.ImmediateOrCancel
            : expiry > 0 ? TimeInForce.GoodTilDate
            : TimeInForce.GoodTilCancelled;
        return new PlaceOrder
        {
            RequestId = Guid.NewGuid(),
            Hash = "0x" + Convert.ToHexStringLower(hash),
            Maker = Traders.Address(account),
            MarketId = market,
            Outcome = _random.Next(2),
            IsBuy = !sells,
            PriceTicks = sells ? Middle + distance : Middle - distance,
            Lots = _random.Next(1, 100),
            Salt = Placed.ToString(),
            ExpirySeconds = expiry,
            Signature = "0x" + new string('1', 130),
            TimeInForce = (int)timeInForce,
        };
    }

    private LiveOrder? TakeLive(Sequencer sequencer)
    {
        while (_live.Count > 0)
        {
            var index = _random.Next(_live.Count);
            var order = _live[index];
            _live[index] = _live[^1];
            _live.RemoveAt(_live.Count - 1);
            if (sequencer.Orders.Find(order.Id) is not null)
                return order;
        }

        return null;
    }

    private static int HomeOf(int account) => 1 + (account % Markets);

    private static QueuedCommand Read(LeaderCommand command) =>
        QueuedCommand.Read(command, deadline: long.MaxValue) ?? throw new InvalidOperationException($"{command} is not well formed");
}
