using System.Diagnostics.Metrics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Foresight.Api.Access;
using Foresight.Api.Tests.Stack;
using Foresight.Protocol;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Foresight.Api.Tests.Trust;

[Collection(ApiStackCollection.Name)]
[Trait("Category", "Trust")]
public sealed class WrongKeyTests(ApiStack stack)
{
    [Theory]
    [InlineData("admin/offenders")]
    // A guess could be tried there too, because the answer has more for a right key.
    [InlineData("cluster/nodes")]
    public async Task AfterTenWrongKeys_NoKeyOfTheAddressIsLookedAt_ItIsRecorded_AndOthersGoOn(string path)
    {
        var (stranger, address) = LoopbackClient.Next(stack.Http.BaseAddress);
        using var end = stranger;
        // A minute may end in between, so the attempts go on until it has not.
        HttpResponseMessage? refused = null;
        var wrong = 0;
        while (refused is null)
        {
            var answer = await AskAsync(stranger, path, $"a-wrong-key-{wrong}");
            if ((int)answer.StatusCode == 429)
                refused = answer;
            else
                Assert.InRange(++wrong, 1, 2 * RefusedKeys.MaxPerMinute);
        }

        Assert.InRange(wrong, RefusedKeys.MaxPerMinute, 2 * RefusedKeys.MaxPerMinute);
        Assert.Equal(ProblemCodes.TooManyWrongKeys, (await refused.Content.ReadFromJsonAsync<JsonElement>()).Code());
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
        Assert.Equal(200, (int)(await stack.Admin.GetAsync("admin/offenders")).StatusCode);

        await Eventually.TrueAsync(
            "the attempts are recorded",
            Eventually.Patience,
            async () =>
                (await stack.Admin.GetFromJsonAsync<List<RefusedKeysView>>("admin/refused-keys"))!
                    .Where(row => row.Address == address)
                    .Sum(row => row.Wrong) == wrong
        );
    }

    [Fact]
    public void TheEleventhWrongKey_IsNotCompared_NorARightOne_UntilTheMinuteIsOver()
    {
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var clock = new StoppedClock();
        var refused = new RefusedKeys(services.GetRequiredService<IMeterFactory>(), clock, NullLogger<RefusedKeys>.Instance);
        for (var i = 0; i < RefusedKeys.MaxPerMinute; i++)
            Assert.Equal((null, null), refused.Try("a", () => null));
        var (name, wait) = refused.Try("a", () => throw new InvalidOperationException("A key was compared."));
        Assert.Equal((null, TimeSpan.FromSeconds(40)), (name, wait!.Value));
        Assert.Equal(("ada", null), refused.Try("b", () => "ada"));
        Assert.Equal(new RefusedAttempts(10, 1), Assert.Single(refused.TakeUnsaved()).Value);

        clock.Now += wait.Value;
        Assert.Equal(("ada", null), refused.Try("a", () => "ada"));
    }

    [Fact]
    public void MoreAddressesThanTheTableHolds_AreRefusedWithoutAnEntry()
    {
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var refused = new RefusedKeys(services.GetRequiredService<IMeterFactory>(), new StoppedClock(), NullLogger<RefusedKeys>.Instance);
        for (var i = 0; i < RefusedKeys.MaxAddresses + 5; i++)
            Assert.Equal((null, null), refused.Try($"{i}", () => null));
        Assert.Equal(RefusedKeys.MaxAddresses, refused.TakeUnsaved().Count);
    }

    private static Task<HttpResponseMessage> AskAsync(HttpClient http, string path, string key)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return http.SendAsync(request);
    }
}
