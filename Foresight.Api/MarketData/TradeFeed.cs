using Foresight.Api.Markets;
using Foresight.Protocol;
using Npgsql;

namespace Foresight.Api.MarketData;

/// <summary>
/// The trades of all markets, on to who follows them, without a gap: what was missed is read from the journal, and clients are told where
/// that cannot be. Only the feed's loop uses it.
/// </summary>
public sealed class TradeFeed(ClientRegistry clients, FeedInbox inbox, TradeReader reader, MarketDataMetrics metrics, ILogger logger)
{
    /// <summary>After an outage every market that is followed has a gap; they must not take all connections of the pool.</summary>
    private const int GapsReadAtOnce = 4;

    private readonly Dictionary<int, TradeStream> _streams = [];
    private readonly SemaphoreSlim _reading = new(GapsReadAtOnce);

    /// <summary>The stream begins with the market's book, unless it is there.</summary>
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

    /// <param name="missing">Null: they could not be read.</param>
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

    /// <summary>Begins anew with the next book, unless a gap is being read: then what was read is waited for.</summary>
    public void Forget(int market)
    {
        if (_streams.TryGetValue(market, out var stream) && !stream.IsFilling)
            _streams.Remove(market);
    }

    /// <summary>Reads what came while nothing was heard.</summary>
    public void FillAll()
    {
        foreach (var (market, stream) in _streams.ToList())
        {
            // Without followers nothing is missed: that stream begins anew with the book.
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
