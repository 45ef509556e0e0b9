using OpenQA.Selenium;
using OpenQA.Selenium.Chrome;

namespace SyscallExplorer.EndToEnd.Tests;

/// <summary>A browser without a screen and without a network.</summary>
internal sealed class Browser : IDisposable
{
    private readonly string _profile = Directory.CreateTempSubdirectory("sysx-browser-").FullName;
    private readonly ChromeDriver _driver;

    internal Browser()
    {
        string driver = Tools.Require("chromedriver");
        var options = new ChromeOptions { BinaryLocation = Tools.Require("chromium", "chromium-browser", "google-chrome") };
        options.AddArguments(
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", $"--user-data-dir={_profile}",
            "--proxy-server=127.0.0.1:9", "--host-resolver-rules=MAP * ~NOTFOUND", "--window-size=1280,1600");
        options.SetLoggingPreference(LogType.Browser, LogLevel.All);
        var service = ChromeDriverService.CreateDefaultService(Path.GetDirectoryName(driver), Path.GetFileName(driver));
        service.SuppressInitialDiagnosticInformation = true;
        _driver = new ChromeDriver(service, options, TimeSpan.FromMinutes(2));
    }

    internal void Open(string file) => _driver.Navigate().GoToUrl(new Uri(file));

    /// <summary>Everything that the page complained of.</summary>
    internal string[] Complaints() => [.. _driver.Manage().Logs.GetLog(LogType.Browser).Where(l => l.Level >= LogLevel.Warning).Select(l => l.Message)];

    internal T Ask<T>(string script) => (T)_driver.ExecuteScript("return " + script)!;

    internal void Click(string selector) => _driver.FindElement(By.CssSelector(selector)).Click();

    public void Dispose()
    {
        _driver.Quit();
        _driver.Dispose();
        Directory.Delete(_profile, recursive: true);
    }
}
