namespace Foresight.Console.Shell;

public static class LocalReturn
{
    /// <summary>Back to the page on which a choice was made, and never to another site.</summary>
    public static IResult To(string? returnUrl) => Results.LocalRedirect(returnUrl is ['/', not ('/' or '\\'), ..] ? returnUrl : "/");

    /// <summary>A choice of how pages look, kept for a year; null forgets it.</summary>
    public static void Keep(HttpContext context, string cookie, string? choice)
    {
        if (choice is null)
        {
            context.Response.Cookies.Delete(cookie);
            return;
        }

        context.Response.Cookies.Append(
            cookie,
            choice,
            new CookieOptions
            {
                HttpOnly = true,
                SameSite = SameSiteMode.Lax,
                MaxAge = TimeSpan.FromDays(365),
            }
        );
    }
}
