using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Polly.CircuitBreaker;

namespace Foresight.ServiceDefaults.Tests.Hosting;

[Trait("Category", "Parts")]
public sealed class NodeClientTests
{
    /// <summary>If a connection closes before any byte of the answer, the framework itself retries the request below the handler.</summary>
    private const string HalfAnAnswer = "HTTP/1.1 20";

    [Theory]
    [InlineData("GET", 2)]
    [InlineData("POST", 1)]
    public async Task ANodeThatHangsUp_IsAskedAgain_ButOnlyForARead(string method, int times)
    {
        using var node = new Node(HalfAnAnswer);
        await using var services = Services();
        using var http = Client(services);
        await Assert.ThrowsAsync<HttpRequestException>(() => http.SendAsync(new HttpRequestMessage(new HttpMethod(method), node.Url)));
        Assert.Equal(times, node.Requests);
    }

    [Fact]
    public async Task ANodeThatNeverAnswers_IsLeftOut_TheOthersAreNot_AndAnErrorIsAnAnswer()
    {
        using var dead = new Node(HalfAnAnswer);
        using var busy = new Node("HTTP/1.1 503 Busy\r\nRetry-After: 60\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        await using var services = Services();
        using var http = Client(services);
        for (var i = 0; i < 10; i++)
            await Assert.ThrowsAsync<HttpRequestException>(() => http.PostAsync(dead.Url, content: null));
        await Assert.ThrowsAnyAsync<BrokenCircuitException>(() => http.GetAsync(dead.Url));
        Assert.Equal(10, dead.Requests);

        for (var i = 1; i <= 20; i++)
        {
            using var answer = await http.GetAsync(busy.Url);
            Assert.Equal((HttpStatusCode.ServiceUnavailable, i), (answer.StatusCode, busy.Requests));
        }
    }

    private static ServiceProvider Services()
    {
        var services = new ServiceCollection();
        services
            .AddHttpClient("nodes")
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { UseProxy = false })
            .AddNodeResilience(TimeSpan.FromSeconds(30), maxInFlight: 10);
        return services.BuildServiceProvider();
    }

    private static HttpClient Client(ServiceProvider services) => services.GetRequiredService<IHttpClientFactory>().CreateClient("nodes");

    private sealed class Node : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private int _requests;

        public Node(string answer)
        {
            _listener.Start();
            _ = ServeAsync(Encoding.ASCII.GetBytes(answer));
        }

        public int Requests => Volatile.Read(ref _requests);

        public string Url => $"http://{_listener.LocalEndpoint}/";

        public void Dispose() => _listener.Stop();

        private async Task ServeAsync(byte[] answer)
        {
            try
            {
                while (true)
                {
                    using var connection = await _listener.AcceptTcpClientAsync();
                    using var reader = new StreamReader(connection.GetStream());
                    while (await reader.ReadLineAsync() is { Length: > 0 }) { }
                    Interlocked.Increment(ref _requests);
                    await connection.GetStream().WriteAsync(answer);
                }
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                // Expected: the test has stopped the node.
            }
        }
    }
}
