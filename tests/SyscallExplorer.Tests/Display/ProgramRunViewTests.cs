using SyscallExplorer.Linux;
using Xunit;

namespace SyscallExplorer.Tests;

public sealed class ProgramRunViewTests
{
    [Fact]
    public void A_run_says_how_it_ended_what_it_wrote_and_what_is_missing()
    {
        Assert.Equal("""
            The program ended with status 7.
            exit status 7, 12 instructions, 100.00 cycles on Linux_5_13, Skylake with pti=on
            standard output:
              hello <world>
            System calls that the kit does not have and answered with -ENOSYS: bind (1 times), socket (2 times).

            """, Samples.Run.ToText());
        Assert.Contains("<pre>hello &lt;world&gt;\n</pre>", Samples.Run.ToHtml());
    }

    [Fact]
    public void A_run_tells_its_notes_and_the_files_that_it_depends_on()
    {
        ProgramRun run = Samples.Run with
        {
            Notes = ["The files of the machine are full."],
            HostInputs =
            [
                new HostInput("/bin/<x>", HostInputKind.Content, "0123456789abcdef"), new HostInput("/etc", HostInputKind.Listing, "fedcba9876543210"),
            ],
        };
        Assert.EndsWith("""
            The files of the machine are full.
            Read from this computer, with the SHA-256 of each: /bin/<x> (0123456789ab...).

            """, run.ToText(), StringComparison.Ordinal);
        Assert.Contains("<p>The files of the machine are full.</p>", run.ToHtml(), StringComparison.Ordinal);
        Assert.Contains("/bin/&lt;x&gt; (0123456789ab...)", run.ToHtml(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_fatal_end_shows_the_registers_and_the_code()
    {
        ProgramRun run = Samples.Run with { ExitStatus = null, Fatal = Samples.Fatal };
        Assert.Contains("> 0000000000401000  mov eax,[0]", run.ToText());
        Assert.DoesNotContain('\r', run.ToText());
        Assert.Contains("it read &lt;nothing&gt; at 0.", run.ToHtml());
        Assert.Contains("<tr class=\"current\"><td>0000000000401000</td>", run.ToHtml());
    }
}
