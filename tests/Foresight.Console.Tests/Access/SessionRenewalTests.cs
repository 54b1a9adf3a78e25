using System.Net;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;

namespace Foresight.Console.Tests.Access;

public sealed partial class SessionRenewalTests : IAsyncLifetime
{
    private static readonly TimeSpan Ping = TimeSpan.FromMinutes(5);

    private readonly HandClock _clock = new();
    private FakeApi _api = null!;
    private WebApplicationFactory<Program> _console = null!;
    private HttpClient _browser = null!;

    public async Task InitializeAsync()
    {
        _api = await FakeApi.StartAsync();
        _console = new WebApplicationFactory<Program>().WithWebHostBuilder(host =>
            host.UseSetting("API_URLS", _api.Address.ToString())
                .ConfigureTestServices(services => services.AddSingleton<TimeProvider>(_clock))
        );
        _browser = _console.CreateClient(new WebApplicationFactoryClientOptions { AllowAutoRedirect = false });
        var token = Token().Match(await _browser.GetStringAsync("/sign-in")).Groups[1].Value;
        using var signedIn = await _browser.PostAsync(
            "/sign-in",
            new FormUrlEncodedContent([
                new("__RequestVerificationToken", token),
                new("_handler", "sign-in"),
                new("Form.Operator", "Ada"),
                new("Form.Key", FakeApi.Key),
            ])
        );
        Assert.Equal(HttpStatusCode.Found, signedIn.StatusCode);
    }

    public async Task DisposeAsync()
    {
        await _console.DisposeAsync();
        await _api.DisposeAsync();
    }

    [Fact]
    public async Task OpenPage_KeepsItsSession_LongerThanTheSessionItself()
    {
        for (var passed = TimeSpan.Zero; passed < TimeSpan.FromHours(9); passed += Ping)
        {
            _clock.Advance(Ping);
            Assert.Equal(HttpStatusCode.NoContent, await SessionAsync());
        }
    }

    [Fact]
    public async Task SessionThatNobodyUses_EndsAfterItsLength()
    {
        Assert.Equal(HttpStatusCode.NoContent, await SessionAsync());
        _clock.Advance(TimeSpan.FromHours(8) + TimeSpan.FromMinutes(1));
        Assert.Equal(HttpStatusCode.Found, await SessionAsync());
    }

    [Fact]
    public async Task Stranger_HasNoSession()
    {
        using var stranger = _console.CreateClient(new WebApplicationFactoryClientOptions { AllowAutoRedirect = false });
        using var answer = await stranger.GetAsync("/session");
        Assert.Equal(HttpStatusCode.Found, answer.StatusCode);
    }

    private async Task<HttpStatusCode> SessionAsync()
    {
        using var answer = await _browser.GetAsync("/session");
        return answer.StatusCode;
    }

    [GeneratedRegex("name=\"__RequestVerificationToken\" value=\"([^\"]+)\"")]
    private static partial Regex Token();
}
