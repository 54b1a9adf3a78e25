using Foresight.Api.Access;
using Foresight.Api.Operations;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;
using Microsoft.AspNetCore.Http;

namespace Foresight.Api.Tests.Access;

public sealed class AdminAccessTests
{
    private const string Shared = "the-shared-key-of-all";
    private const string Ada = "a-key-with=signs=of-ada";

    private static readonly AdminAccess Access = new(
        Configured.By($"ADMIN_KEY={Shared}", $"ADMIN_KEYS=ada={Ada}, grace.h-1=a-key-of-grace-only")
    );

    [Theory]
    [InlineData($"Bearer {Shared}", "admin")]
    [InlineData($"bearer {Shared}", "admin")]
    [InlineData($"Bearer   {Shared}  ", "admin")]
    // The first = ends the name, because a key may have more of them, as base64 has.
    [InlineData($"Bearer {Ada}", "ada")]
    [InlineData("Bearer a-key-of-grace-only", "grace.h-1")]
    [InlineData($"Bearer {Shared}x", null)]
    [InlineData($"Basic {Shared}", null)]
    [InlineData($"Bearer{Shared}", null)]
    [InlineData(Shared, null)]
    [InlineData("Bearer ", null)]
    [InlineData("Bearer ada", null)]
    [InlineData($"Bearer {Shared}, Bearer {Shared}", null)]
    public void AKey_IsKnownByItsName(string header, string? name) => Assert.Equal(name, Access.NameOf(With(header)));

    [Fact]
    public void WithoutTheHeader_OrWithTwo_NobodyIsKnown()
    {
        Assert.Null(Access.NameOf(new DefaultHttpContext()));
        var twice = new DefaultHttpContext();
        twice.Request.Headers.Authorization = new([$"Bearer {Shared}", $"Bearer {Shared}"]);
        Assert.Null(Access.NameOf(twice));
    }

    [Theory]
    [InlineData("ADMIN_KEYS=ada")]
    [InlineData("ADMIN_KEYS=ada=")]
    [InlineData("ADMIN_KEYS=ada=0123456789abcde")]
    [InlineData("ADMIN_KEYS=a b=0123456789abcdef")]
    [InlineData("ADMIN_KEYS=a\u00e4=0123456789abcdef")]
    [InlineData("ADMIN_KEYS=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=0123456789abcdef")]
    [InlineData("ADMIN_KEYS=admin=0123456789abcdef", "ADMIN_KEY=0123456789abcdeg")]
    [InlineData("ADMIN_KEYS=ada=0123456789abcdef", "ADMIN_KEY=0123456789abcdef")]
    public void KeysThatDoNotTellPeopleApart_FailTheStart(params string[] settings) =>
        Assert.Contains("ADMIN_KEYS", Assert.Throws<SettingException>(() => new AdminAccess(Configured.By(settings))).Message);

    [Fact]
    public void AHundredKeys_AreTheMost()
    {
        static string Keys(int count) =>
            "ADMIN_KEYS=" + string.Join(',', Enumerable.Range(0, count).Select(i => $"p{i}=0123456789abcdef{i}"));
        _ = new AdminAccess(Configured.By(Keys(AdminAccess.MaxKeys)));
        Assert.Contains(
            "at most 100",
            Assert.Throws<SettingException>(() => new AdminAccess(Configured.By(Keys(AdminAccess.MaxKeys + 1)))).Message
        );
    }

    [Theory]
    [InlineData("ADMIN_KEYS=ada=0123456789abcdef,grace=0123456789abcdeg")]
    [InlineData("ADMIN_KEYS=ada=0123456789abcdef", "ADMIN_KEY=the-shared-key-of-all")]
    public void TwoKeys_AreEnoughForFourEyes(params string[] settings) =>
        _ = new AdminAccess(Configured.By([.. settings, "RECONCILIATION_FOUR_EYES_OVER_USDC=100"]));

    [Theory]
    [InlineData("", "admin")]
    [InlineData("   ", "admin")]
    [InlineData("Ada", "Ada")]
    [InlineData(" Ada%20L. ", "Ada L.")]
    [InlineData("%C5%81", "Ł")]
    [InlineData("Ada%0D%0ADELETE%00", "AdaDELETE")]
    [InlineData("100%", "100%")]
    public void AnOperator_HasTheNameThatTheCallerStates_WithoutControlCharacters(string header, string actor) =>
        Assert.Equal(new Operator(actor, "admin"), Operator.Of(With($"Bearer {Shared}", header), Access));

    [Fact]
    public void ALongName_IsCut_ButNeverWithinACharacter()
    {
        var long_ = new string('a', DecisionLimits.NameLength + 20);
        Assert.Equal(long_[..DecisionLimits.NameLength], Operator.Of(With($"Bearer {Shared}", long_), Access).Actor);

        // Half of a surrogate pair is no text, and the database refuses it.
        var pair = new string('a', DecisionLimits.NameLength - 1) + "\U0001F989";
        Assert.Equal(pair[..^2], Operator.Of(With($"Bearer {Shared}", Uri.EscapeDataString(pair)), Access).Actor);
    }

    [Fact]
    public void AnOperatorWithoutAKey_IsADefect() =>
        Assert.Throws<InvalidOperationException>(() => Operator.Of(new DefaultHttpContext(), Access));

    private static DefaultHttpContext With(string authorization, string? name = null)
    {
        var http = new DefaultHttpContext();
        http.Request.Headers.Authorization = authorization;
        if (name is not null)
            http.Request.Headers[ApiHeaders.Operator] = name;
        return http;
    }
}
