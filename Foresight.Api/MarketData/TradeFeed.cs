using Foresight.Api.Markets;
using Foresight.Protocol;
using Npgsql;

namespace Foresight.Api.MarketData;

/// <summary>
/// A client cannot notice a trade that it never got, so missed ones are read from the journal, and clients are notified if that fails. Only
/// the feed's loop uses it.
/// </summary>
public sealed class TradeFeed(ClientRegistry clients, FeedInbox inbox, TradeReader reader, MarketDataMetrics metrics, ILogger logger)
{
    /// <summary>
    /// Bound on concurrent gap reads. After an outage every followed market has a gap, and the reads must not exhaust the connection pool.
    /// </summary>
    private const int GapsReadAtOnce = 4;

    private readonly Dictionary<int, TradeStream> _streams = [];
    private readonly SemaphoreSlim _reading = new(GapsReadAtOnce);

    public void Begin(int market, long sequence)
    {
        if (_streams.ContainsKey(market))
            return;
        var stream = new TradeStream();
        stream.Begin(sequence);
        _streams.Add(market, stream);
    }

    public void Take(TradesMessage message)
    {
        if (!_streams.TryGetValue(message.Market, out var stream))
            return;
        var ready = stream.Take(message, out var isStale, out var gap);
        if (isStale)
            metrics.Stale(Channels.Trades);
        foreach (var one in ready)
            Send(one);
        if (gap is not { } missing)
            return;
        metrics.Gap(Channels.Trades);
        _ = ReadAsync(message.Market, missing.After, missing.UpTo);
    }

    public void TakeMissing(int market, IReadOnlyList<TradeView>? missing)
    {
        var isWhole = missing is not null && missing.Count < TradeStream.MaxFill;
        if (!isWhole)
            clients.Announce(HubEvents.Trades, market, ContinuityStates.Lost);
        foreach (var message in _streams[market].EndFill(market, missing))
            Send(message);
        if (!isWhole)
            clients.Announce(HubEvents.Trades, market, ContinuityStates.Restored);
    }

    /// <summary>Restarts the stream at the next book, except while a gap is being read, because its result comes first.</summary>
    public void Forget(int market)
    {
        if (_streams.TryGetValue(market, out var stream) && !stream.IsFilling)
            _streams.Remove(market);
    }

    /// <summary>
    /// The clients of a stream that was ahead of the journal have shown trades that it does not have, so they read the
    /// market's trades again.
    /// </summary>
    public void Reset(int market)
    {
        if (!_streams.ContainsKey(market))
            return;
        Forget(market);
        clients.Announce(HubEvents.Trades, market, ContinuityStates.Lost);
        clients.Announce(HubEvents.Trades, market, ContinuityStates.Restored);
    }

    public IEnumerable<(int Market, long Epoch, long Sequence)> Positions =>
        _streams.Select(stream => (stream.Key, stream.Value.Epoch, stream.Value.Sequence));

    public void FillAll() => Fill(_ => true);

    public void Fill(Func<int, bool> isMeant)
    {
        foreach (var (market, stream) in _streams.Where(stream => isMeant(stream.Key)).ToList())
        {
            // Without followers nothing is missed; the stream restarts with the book.
            if (clients.Of(new Subscription(HubEvents.Trades, market)).Count == 0)
                Forget(market);
            if (_streams.ContainsKey(market) && stream.BeginFill())
                _ = ReadAsync(market, stream.Sequence, long.MaxValue);
        }
    }

    private void Send(TradesMessage message) =>
        clients.Send(new Subscription(HubEvents.Trades, message.Market), SharedMessage.Of(HubEvents.Trades, message, metrics.Delivered));

    private async Task ReadAsync(int market, long after, long upTo)
    {
        IReadOnlyList<TradeView>? missing = null;
        await _reading.WaitAsync(CancellationToken.None);
        try
        {
            missing = await reader.BetweenAsync(market, after, upTo, TradeStream.MaxFill, inbox.Stopping);
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException or OperationCanceledException)
        {
            if (inbox.Stopping.IsCancellationRequested)
                return;
            FeedLog.NotRead(logger, error.Message);
        }
        finally
        {
            _reading.Release();
        }

        await inbox.PostAsync(new FeedItem.TradesRead(market, missing));
    }
}
