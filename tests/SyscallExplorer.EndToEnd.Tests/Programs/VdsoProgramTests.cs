using SyscallExplorer.Linux;
using SyscallExplorer.Machine;
using Xunit;

namespace SyscallExplorer.EndToEnd.Tests;

/// <summary>The kit's vDSO and the programs of the world: C libraries use it, binutils and debuggers read it.</summary>
public sealed class VdsoProgramTests
{
    public static TheoryData<string, int> Libraries() => new() { { "glibc", 64 }, { "glibc", 32 }, { "musl", 64 }, { "musl", 32 } };

    /// <summary>Every image; Linux 2.6.39 has three for 32-bit programs, by the processor's fastest way in, and no x32.</summary>
    public static TheoryData<string, VdsoAbi, KernelFeature?> Images()
    {
        var data = new TheoryData<string, VdsoAbi, KernelFeature?>();
        foreach (VdsoGeneration generation in VdsoGeneration.All)
        {
            foreach (VdsoAbi abi in Enum.GetValues<VdsoAbi>().Where(abi => abi != VdsoAbi.X32 || !generation.HasThreeStubs))
            {
                data.Add(generation.Release, abi, null);
                if (generation.HasThreeStubs && abi == VdsoAbi.I386)
                {
                    data.Add(generation.Release, abi, KernelFeature.Sysenter32);
                    data.Add(generation.Release, abi, KernelFeature.Syscall32);
                }
            }
        }

        return data;
    }

    [SkippableTheory]
    [MemberData(nameof(Libraries))]
    public void A_program_that_walks_the_tables_finds_the_functions_and_its_C_library_makes_no_call_for_the_time(string library, int bitness)
    {
        const int madeByHand = 7;
        LinuxMachine machine = InKit.Load(Compiled.Get("vdso", new Variant(library, bitness, 2)), [], traced: true);
        InKit.ToEnd(machine);
        string output = System.Text.Encoding.UTF8.GetString(machine.Output);
        Assert.Equal(0, machine.ExitStatus);
        Assert.DoesNotContain("NO", output, StringComparison.Ordinal);
        Assert.Contains("!failed: yes", output, StringComparison.Ordinal);
        Assert.Equal(madeByHand, machine.SystemCalls!.Records.Count(record => (record.Name ?? "").StartsWith("clock_gettime", StringComparison.Ordinal)));
    }

    [SkippableTheory]
    [InlineData(0ul)]
    [InlineData(9ul)]
    public void A_static_32_bit_program_of_glibc_makes_its_calls_through_the_stub_of_the_image(ulong seed)
    {
        LinuxMachine machine = InKit.Load(Compiled.Get("hello", new Variant("glibc", 32, 2)), [], seed: seed);
        MemoryRegion image = machine.MemoryMapOf(machine.CurrentTask).First(region => region.Name == "[vdso]");
        ulong pad = image.Start + Vdso.Of(Kernels.Linux_5_13, VdsoAbi.I386).LandingPad;
        var stop = new AtAddress(pad);
        RunResult result = machine.Run(RunLimits.Instructions(100_000_000), ref stop);
        Assert.Equal(StopReason.Trace, result.Reason);
        Assert.Equal(pad, machine.Processor.Registers.Rip);
    }

    [SkippableTheory]
    [MemberData(nameof(Images))]
    public void Readelf_objdump_and_gdb_take_an_image_without_a_warning(string release, VdsoAbi abi, KernelFeature? entry)
    {
        string readelf = Tools.Require("readelf"), objdump = Tools.Require("objdump"), gdb = Tools.Require("gdb");
        string folder = Directory.CreateTempSubdirectory("sysx-vdso-").FullName;
        try
        {
            Vdso image = Vdso.Of(VdsoGeneration.Of(release), abi, entry is { } fast ? new HashSet<KernelFeature> { fast } : null);
            string file = Path.Combine(folder, "vdso.so");
            File.WriteAllBytes(file, [.. image.Bytes]);
            string headers = AssertQuiet(readelf, folder, "-aW", file);
            Assert.Contains(abi == VdsoAbi.I386 ? "linux-gate.so.1" : "linux-vdso.so.1", headers, StringComparison.Ordinal);
            AssertQuiet(readelf, folder, "--debug-dump=frames-interp", file);
            string table = AssertQuiet(objdump, folder, "-T", file);
            string code = AssertQuiet(objdump, folder, "-d", file);
            Assert.DoesNotContain("(bad)", code, StringComparison.Ordinal);
            string symbols = AssertQuiet(gdb, folder, "-nx", "-batch", "-ex", "info functions", file);
            foreach (VdsoSymbol symbol in image.Symbols)
            {
                Assert.Contains(symbol.Name, table, StringComparison.Ordinal);
                Assert.Contains(symbol.Name, symbols, StringComparison.Ordinal);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>What a kernel of an unknown data page has is refused with its version; any other serves programs here.</summary>
    [SkippableFact]
    public void The_vdso_of_this_computer_is_taken_or_refused_in_a_sentence()
    {
        Skip.IfNot(OperatingSystem.IsLinux() && System.Runtime.InteropServices.RuntimeInformation.OSArchitecture == System.Runtime.InteropServices.Architecture.X64,
            "Only Linux on x86-64 has such a vDSO.");
        try
        {
            Vdso image = Vdso.OfThisHost();
            Assert.True(image.OffsetOf("__vdso_clock_gettime") < (ulong)image.Bytes.Count);
        }
        catch (ElfFormatException error)
        {
            Assert.Matches(@"is the vDSO of Linux \d+\.\d+, (older than Linux 4\.4|newer than Linux 6\.12)", error.Message);
        }
    }

    private static string AssertQuiet(string program, string folder, params string[] arguments)
    {
        string output = Tools.Run("/bin/sh", folder, null, ["-c", "exec \"$@\" 2>&1", "sh", program, .. arguments]);
        Assert.DoesNotMatch("(?i)warning|error|corrupt|invalid|unrecogni", output);
        return output;
    }

    private readonly struct AtAddress(ulong address) : IInstructionTrace
    {
        public bool Before(Processor processor, in Iced.Intel.Instruction instruction) => processor.Registers.Rip != address;

        public void After(Processor processor, in InstructionStep step)
        {
        }
    }
}
