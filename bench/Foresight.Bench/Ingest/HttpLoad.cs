using System.Diagnostics;
using System.Net.Http.Headers;
using Foresight.Bench.Stack;

namespace Foresight.Bench.Ingest;

internal readonly record struct HttpAnswer(SignedOrder Order, int Status, byte[] Body, double Took);

internal sealed record HttpLoadResult(IReadOnlyList<HttpAnswer> Answers, double Seconds)
{
    public double PerSecond => Answers.Count(answer => answer.Status == 201) / Seconds;
}

/// <summary>Closed loop: each caller waits for an answer before its next order, which bounds the requests in flight.</summary>
internal sealed class HttpLoad(Uri api, int inFlight) : IDisposable
{
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    private readonly Uri _orders = new(api, "orders");
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false, MaxConnectionsPerServer = inFlight });

    public async Task<HttpLoadResult> RunAsync(IReadOnlyList<SignedOrder> orders, TimeSpan atMost)
    {
        var bodies = orders.Select(order => order.Body()).ToArray();
        var answers = new HttpAnswer[orders.Count];
        var next = -1;
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, inFlight).Select(_ => Task.Run(CallAsync)));
        return new HttpLoadResult([.. answers.Where(answer => answer.Order is not null)], Stopwatch.GetElapsedTime(started).TotalSeconds);

        async Task CallAsync()
        {
            while (Stopwatch.GetElapsedTime(started) < atMost && Interlocked.Increment(ref next) is var i && i < answers.Length)
                answers[i] = await SendAsync(orders[i], bodies[i]);
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<HttpAnswer> SendAsync(SignedOrder order, byte[] body)
    {
        var sent = Stopwatch.GetTimestamp();
        try
        {
            using var content = new ByteArrayContent(body);
            content.Headers.ContentType = Json;
            using var response = await _http.PostAsync(_orders, content);
            var answer = await response.Content.ReadAsByteArrayAsync();
            return new HttpAnswer(order, (int)response.StatusCode, answer, Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
        }
        catch (HttpRequestException)
        {
            return new HttpAnswer(order, 0, [], Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
        }
    }
}
