using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Foresight.Bench.Stack;
using Foresight.Protocol;

namespace Foresight.Bench.Enemy;

/// <summary>Over HTTP, because a client without a hub must not get false books either.</summary>
internal sealed class ServedBooks : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(5) };
    private readonly CancellationTokenSource _ending = new();
    private readonly Task _reading;

    public ServedBooks(TradingStack stack, IReadOnlyList<Uri> apis) => _reading = ReadAsync(stack, apis);

    public ConcurrentQueue<DepthMessage> Served { get; } = new();

    /// <summary>A node without a trustworthy book answers 503, which is right, so this is counted and not judged.</summary>
    public int NotServed { get; private set; }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _reading;
        _ending.Dispose();
        _http.Dispose();
    }

    private async Task ReadAsync(TradingStack stack, IReadOnlyList<Uri> apis)
    {
        using var timer = new PeriodicTimer(Interval);
        var turn = 0;
        try
        {
            while (await timer.WaitForNextTickAsync(_ending.Token))
            {
                turn++;
                var market = stack.BinaryMarkets[turn / 2 % stack.BinaryMarkets.Count].Id;
                await ReadAsync(new Uri(apis[turn % apis.Count], $"markets/{market}/depth?outcome={turn / 8 % 2}&levels=1000"));
            }
        }
        catch (OperationCanceledException) when (_ending.IsCancellationRequested)
        {
            // Cancelling is how the reader is stopped, so this is no failure.
        }
    }

    private async Task ReadAsync(Uri book)
    {
        try
        {
            var depth = (await _http.GetFromJsonAsync<DepthView>(book, JsonSerializerOptions.Web))!;
            LevelChange[] levels =
            [
                .. depth.Bids.Select(level => Level(depth.OutcomeIndex, isBid: true, level)),
                .. depth.Asks.Select(level => Level(depth.OutcomeIndex, isBid: false, level)),
            ];
            // Not as a snapshot, because that would hold both outcomes.
            Served.Enqueue(new DepthMessage(depth.MarketId, depth.Epoch, depth.Sequence, 0, Snapshot: false, levels));
        }
        catch (Exception error)
            when (error is HttpRequestException || (error is OperationCanceledException && !_ending.IsCancellationRequested))
        {
            NotServed++;
        }
    }

    private static LevelChange Level(int outcome, bool isBid, LevelView level) =>
        new(outcome, isBid, (int)(Number(level.Price) * 10_000), (long)(Number(level.Quantity) * 100));

    private static decimal Number(string text) => decimal.Parse(text, CultureInfo.InvariantCulture);
}
