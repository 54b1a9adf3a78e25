using System.IO.Compression;
using System.Net;
using System.Text;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Foresight.AppHost.Native;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Foresight.AppHost.Tests.Native;

[Collection(ServersCollection.Name)]
public sealed class NativeChainSaverTests
{
    [Fact]
    public async Task AnAnswerThatIsNoState_EndsNothing_KeepsTheStateThatIsThere_AndTheNextOneIsSaved()
    {
        await using var builder = TestApplication.CreateBuilder();
        var chain = builder.AddNativeChain("chain").WithArgs(ChainCommand.Development).Resource;
        await using var app = await builder.StartAsync("chain");
        await File.WriteAllTextAsync(chain.StateFile, "before");
        var packed = Compress("a state of some length, so that half of it is a part");
        string[] answers =
        [
            """{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"out of memory"}}""",
            "no JSON",
            "[]",
            """{"result":null}""",
            """{"result":7}""",
            """{"result":"0x"}""",
            """{"result":"0xzz"}""",
            """{"result":"0x00ff"}""",
            """{"result":"0x00112233445566778899"}""",
            $$"""{"result":"0x{{Convert.ToHexString(packed)[..(packed.Length / 2 * 2)]}}"}""",
            $$"""{"result":"0x{{Convert.ToHexString(packed)[..^10]}}"}""",
        ];
        using var faults = new FaultyAnswers(chain.StateFile, answers);
        using var saver = new NativeChainSaver(
            chain,
            app.ResourceNotifications,
            app.Services.GetRequiredService<ResourceLoggerService>(),
            faults
        )
        {
            ShortestPause = TimeSpan.FromMilliseconds(1),
        };
        await saver.StartAsync(default);
        await Eventually.TrueAsync(
            "the state is saved",
            Eventually.Patience,
            async () =>
                (
                    saver.ExecuteTask!.IsCompleted ? throw saver.ExecuteTask.Exception! : await File.ReadAllTextAsync(chain.StateFile)
                ).StartsWith('{')
        );
        Assert.Equal([.. Enumerable.Repeat("before", answers.Length + 1)], faults.States);
        await saver.StopAsync(default);
        Assert.True(saver.ExecuteTask!.IsCanceled);
    }

    private static byte[] Compress(string text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionMode.Compress))
            gzip.Write(Encoding.UTF8.GetBytes(text));
        return packed.ToArray();
    }

    private sealed class FaultyAnswers(string stateFile, string[] answers) : DelegatingHandler(new SocketsHttpHandler { UseProxy = false })
    {
        private readonly List<string> _states = [];

        public IReadOnlyList<string> States => _states;

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (_states.Count > answers.Length)
                return base.SendAsync(request, cancellationToken);
            _states.Add(File.ReadAllText(stateFile));
            return _states.Count > answers.Length
                ? base.SendAsync(request, cancellationToken)
                : Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent(answers[_states.Count - 1]) });
        }
    }
}
