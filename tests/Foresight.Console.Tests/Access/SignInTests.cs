using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Mvc.Testing;

namespace Foresight.Console.Tests.Access;

public sealed partial class SignInTests : IAsyncLifetime
{
    private FakeApi _api = null!;
    private WebApplicationFactory<Program> _console = null!;
    private HttpClient _browser = null!;

    public async Task InitializeAsync()
    {
        _api = await FakeApi.StartAsync();
        _console = new WebApplicationFactory<Program>().WithWebHostBuilder(host => host.UseSetting("API_URLS", _api.Address.ToString()));
        _browser = _console.CreateClient(new WebApplicationFactoryClientOptions { AllowAutoRedirect = false });
    }

    public async Task DisposeAsync()
    {
        await _console.DisposeAsync();
        await _api.DisposeAsync();
    }

    [Fact]
    public async Task RightKey_OpensTheConsole_AndStaysOnTheServer()
    {
        using var response = await SignInAsync(FakeApi.Key, "/database");
        Assert.Equal((HttpStatusCode.Found, "/database"), (response.StatusCode, response.Headers.Location?.ToString()));
        var cookie = Assert.Single(
            response.Headers.GetValues("Set-Cookie"),
            value => value.StartsWith("foresight-console=", StringComparison.Ordinal)
        );
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=lax", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(FakeApi.Key, cookie, StringComparison.Ordinal);

        var page = await _browser.GetStringAsync("/database");
        Assert.Contains("Signed in as Ada", page, StringComparison.Ordinal);
        Assert.DoesNotContain(FakeApi.Key, page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WrongKey_IsRefused_AndNotRepeatedInThePage()
    {
        using var response = await SignInAsync("a-wrong-key");
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        var page = await response.Content.ReadAsStringAsync();
        Assert.Contains("does not accept this key", page, StringComparison.Ordinal);
        Assert.DoesNotContain("a-wrong-key", page, StringComparison.Ordinal);
        using var overview = await _browser.GetAsync("/");
        Assert.Equal(HttpStatusCode.Found, overview.StatusCode);
    }

    [Fact]
    public async Task TooManyTries_AreRefusedOnThePageItself_WithTheSecondsLeft()
    {
        for (var i = 0; i < 20; i++)
        {
            using var taken = await SignInAsync("a-wrong-key", "/database");
            Assert.NotEqual(HttpStatusCode.SeeOther, taken.StatusCode);
        }

        using var refused = await SignInAsync("a-wrong-key", "/database");
        Assert.Equal(HttpStatusCode.SeeOther, refused.StatusCode);
        var address = refused.Headers.Location!.ToString();
        var seconds = Regex.Match(address, @"^/sign-in\?limited=(\d+)&returnUrl=%2Fdatabase$").Groups[1].Value;
        Assert.InRange(int.Parse(seconds, CultureInfo.InvariantCulture), 1, 60);
        Assert.Contains(
            $"Too many tries. The next is taken in {seconds} s.",
            await _browser.GetStringAsync(address),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task TooManyWrongKeys_NameTheSecondsLeft()
    {
        for (var i = 0; i < 3; i++)
            (await SignInAsync("a-wrong-key")).Dispose();
        using var refused = await SignInAsync("a-wrong-key");
        // The clock's minute may end between two of them.
        if (refused.StatusCode == HttpStatusCode.TooManyRequests)
            Assert.Matches(@"Too many wrong keys\. The next is taken in \d{1,2} s\.", await refused.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("9999999", "The next is taken in 60 s.")]
    [InlineData("x", "Goes into the audit trail")]
    public async Task AddressThatAnybodyMayWrite_IsHeldToTheBound(string limited, string expected) =>
        Assert.Contains(expected, await _browser.GetStringAsync($"/sign-in?limited={limited}"), StringComparison.Ordinal);

    [Theory]
    [InlineData("https://elsewhere.example/")]
    [InlineData("//elsewhere.example/")]
    [InlineData("/\\elsewhere.example/")]
    public async Task ReturnAddressOfAnotherSite_IsNotFollowed(string returnUrl)
    {
        using var response = await SignInAsync(FakeApi.Key, returnUrl);
        Assert.Equal("/", response.Headers.Location?.ToString());
    }

    [Fact]
    public async Task WithoutAnApi_TheKeyIsNeitherAcceptedNorCalledWrong()
    {
        await _api.DisposeAsync();
        using var response = await SignInAsync(FakeApi.Key);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Contains("cannot be checked now", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task TicketOfASignedOutSession_IsNotAcceptedAgain()
    {
        using var signedIn = await SignInAsync(FakeApi.Key);
        var ticket = signedIn
            .Headers.GetValues("Set-Cookie")
            .Single(value => value.StartsWith("foresight-console=", StringComparison.Ordinal))
            .Split(';')[0];
        var token = Token().Match(await _browser.GetStringAsync("/")).Groups[1].Value;
        using var signedOut = await _browser.PostAsync("/sign-out", new FormUrlEncodedContent([new("__RequestVerificationToken", token)]));
        Assert.Equal(HttpStatusCode.Found, signedOut.StatusCode);

        using var stolen = _console.CreateClient(
            new WebApplicationFactoryClientOptions { AllowAutoRedirect = false, HandleCookies = false }
        );
        using var request = new HttpRequestMessage(HttpMethod.Get, "/");
        request.Headers.Add("Cookie", ticket);
        using var answer = await stolen.SendAsync(request);
        Assert.Equal(HttpStatusCode.Found, answer.StatusCode);
    }

    [Fact]
    public async Task Script_IsTheFrameworks_UnderItsFingerprint()
    {
        using var signedIn = await SignInAsync(FakeApi.Key);
        var address = Script().Match(await _browser.GetStringAsync("/database")).Groups[1].Value;
        using var script = await _browser.GetAsync($"/{address}");
        Assert.Equal(HttpStatusCode.OK, script.StatusCode);
        Assert.Contains("Blazor", await script.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AddressThatLeadsNowhere_IsAPageWithItsStatus()
    {
        using var signedIn = await SignInAsync(FakeApi.Key);
        using var answer = await _browser.GetAsync("/no-such-page");
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Contains("There is no such page", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private async Task<HttpResponseMessage> SignInAsync(string key, string? returnUrl = null)
    {
        var address = returnUrl is null ? "/sign-in" : $"/sign-in?returnUrl={Uri.EscapeDataString(returnUrl)}";
        var token = Token().Match(await _browser.GetStringAsync(address)).Groups[1].Value;
        return await _browser.PostAsync(
            address,
            new FormUrlEncodedContent([
                new("__RequestVerificationToken", token),
                new("_handler", "sign-in"),
                new("Form.Operator", "Ada"),
                new("Form.Key", key),
            ])
        );
    }

    [GeneratedRegex("<script src=\"(_framework/blazor\\.web\\.[a-z0-9]+\\.js)\"")]
    private static partial Regex Script();

    [GeneratedRegex("name=\"__RequestVerificationToken\" value=\"([^\"]+)\"")]
    private static partial Regex Token();
}
