using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using Foresight.Bench.Stack;
using Foresight.Chain;
using Foresight.Chain.Signing;

namespace Foresight.Bench.Enemy;

internal readonly record struct PublicAnswer(SignedOrder Order, bool Cancels, JournalPlace Place, long At);

/// <summary>
/// Open loop, so that an outage shows as missing answers and not as fewer orders. One order in five that came to rest is cancelled, through
/// the other node, which must know it too.
/// </summary>
internal sealed class TradingLoad : IAsyncDisposable
{
    private const int CancelEvery = 5;
    private const int SignedAtOnce = 500;

    /// <summary>Beyond it orders are left out, so that an outage does not become a flood.</summary>
    private const int MostUnderWay = 400;

    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);

    /// <summary>Longer than the Api's own deadline, so that the Api answers every request.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly IReadOnlyList<Uri> _apis;
    private readonly RestingFlow _flow;
    private readonly TradingStack _stack;
    private readonly Loot _loot;
    private readonly double _rate;
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = Patience };
    private readonly CancellationTokenSource _ending = new();
    private readonly ConcurrentQueue<PublicAnswer> _acknowledged = new();
    private readonly ConcurrentDictionary<string, int> _others = new();
    private readonly ConcurrentDictionary<Task, byte> _underWay = new();
    private readonly Lock _gate = new();
    private readonly Task _sending;
    private JournalPlace _last;

    public TradingLoad(TradingStack stack, IReadOnlyList<Uri> apis, Loot loot, double rate)
    {
        (_stack, _apis, _loot, _rate, _flow) = (stack, apis, loot, rate, new RestingFlow(stack));
        _sending = Task.Run(SendAllAsync);
    }

    public long Sent { get; private set; }

    public long EndedAt { get; private set; }

    public IReadOnlyCollection<PublicAnswer> Acknowledged => _acknowledged;

    public IReadOnlyDictionary<string, int> Others => _others;

    public JournalPlace Last
    {
        get
        {
            lock (_gate)
                return _last;
        }
    }

    public async Task FinishAsync()
    {
        await _ending.CancelAsync();
        await _sending;
        EndedAt = EndedAt == 0 ? Stopwatch.GetTimestamp() : EndedAt;
        await Task.WhenAll(_underWay.Keys);
    }

    public async ValueTask DisposeAsync()
    {
        await FinishAsync();
        _ending.Dispose();
        _http.Dispose();
    }

    private async Task SendAllAsync()
    {
        var started = Stopwatch.GetTimestamp();
        var signed = new Queue<SignedOrder>();
        long due = 0;
        using var timer = new PeriodicTimer(Tick);
        try
        {
            while (await timer.WaitForNextTickAsync(_ending.Token))
                for (; due < (long)(Stopwatch.GetElapsedTime(started).TotalSeconds * _rate); due++)
                {
                    if (_underWay.Count >= MostUnderWay)
                        continue;
                    if (signed.Count == 0)
                        signed = new Queue<SignedOrder>(_flow.Sign(SignedAtOnce));
                    var order = signed.Dequeue();
                    var api = (int)(Sent % _apis.Count);
                    var task = TradeAsync(order, api, isCancelled: Sent % CancelEvery == 0 && !order.Terms.IsImmediate);
                    Sent++;
                    _underWay.TryAdd(task, 0);
                    _ = task.ContinueWith(done => _underWay.TryRemove(done, out _), TaskScheduler.Default);
                }
        }
        catch (OperationCanceledException) when (_ending.IsCancellationRequested)
        {
            // Cancelling is how the load is stopped, so this is no failure.
        }
    }

    private async Task TradeAsync(SignedOrder order, int api, bool isCancelled)
    {
        _loot.Protect(order.Signature);
        using var content = new ByteArrayContent(order.Body());
        content.Headers.ContentType = new("application/json");
        var isPlaced = await AskAsync(order, _apis[api], "orders", content, cancels: false);
        if (!isPlaced || !isCancelled)
            return;
        var maker = _stack.Keys.First(key => key.Address.ToLowerHex() == order.Maker);
        var message = new CancelSaltMessage(maker.Address, order.Terms.Salt);
        var domain = TypedDataDomain.OfMarket(_stack.Deployment.ChainId, order.Terms.Market.Address);
        var signature = Hex.Encode(OrderSigning.Sign(domain, message, maker));
        _loot.Protect(signature);
        using var cancel = JsonContent.Create(
            new
            {
                market = order.Terms.Market.Address.ToLowerHex(),
                maker = order.Maker,
                salt = order.Terms.Salt.ToString(),
                signature,
            }
        );
        await AskAsync(order, _apis[(api + 1) % _apis.Count], "orders/cancel", cancel, cancels: true);
    }

    private async Task<bool> AskAsync(SignedOrder order, Uri api, string path, HttpContent content, bool cancels)
    {
        try
        {
            using var response = await _http.PostAsync(new Uri(api, path), content);
            var body = await response.Content.ReadFromJsonAsync<JsonElement>();
            if (!response.IsSuccessStatusCode || (int)response.StatusCode == 202)
            {
                Count(body.TryGetProperty("code", out var code) ? code.GetString()! : $"status {(int)response.StatusCode}");
                return false;
            }

            var place = new JournalPlace(body.GetProperty("epoch").GetInt64(), body.GetProperty("sequence").GetInt64());
            if (!cancels && body.GetProperty("orderId").GetString() != order.Hash)
                place = default;
            _acknowledged.Enqueue(new PublicAnswer(order, cancels, place, Stopwatch.GetTimestamp()));
            lock (_gate)
                if (place.Sequence > _last.Sequence)
                    _last = place;
            return true;
        }
        catch (Exception error) when (error is HttpRequestException or OperationCanceledException or JsonException)
        {
            Count(error.GetType().Name);
            return false;
        }
    }

    private void Count(string code) => _others.AddOrUpdate(code, 1, static (_, count) => count + 1);
}
