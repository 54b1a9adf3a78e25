using Bunit;
using Foresight.Console.Offenders;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Access;

public sealed class SessionEndTests : ConsoleContext
{
    [Fact]
    public void KeyThatTheApiRefuses_EndsTheSession_AndAsksForAnother()
    {
        Navigation.NavigateTo("/offenders?x=7");
        Api.Problem("/admin/offenders", 401, ProblemCodes.Unauthorized);
        var page = Render<OffendersPage>();
        page.WaitForAssertion(() => Assert.Equal("/sign-in?refused=true&returnUrl=%2Foffenders%3Fx%3D7", Address));
        Assert.False(IsSignedIn);
    }

    [Fact]
    public void SignOutInAnotherWindow_LeadsToTheSignIn_WithoutBlamingTheKey()
    {
        Navigation.NavigateTo("/offenders");
        EndSession();
        var page = Render<OffendersPage>();
        page.WaitForAssertion(() => Assert.Equal("/sign-in?signedOut=true&returnUrl=%2Foffenders", Address));
        Assert.Empty(Api.Asked);
    }
}
