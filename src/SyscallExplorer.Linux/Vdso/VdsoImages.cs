using System.Collections.Concurrent;

namespace SyscallExplorer.Linux;

/// <summary>Makes the kit's images, each once.</summary>
internal static class VdsoImages
{
    private const ulong Alignment = 16;
    private const string Version26 = "LINUX_2.6", Version25 = "LINUX_2.5";

    private static readonly ConcurrentDictionary<(VdsoGeneration Generation, VdsoAbi Abi, KernelFeature? Entry), Vdso> s_made = new();

    /// <summary>The image of a generation; the entry is looked at where it has several.</summary>
    public static Vdso Of(VdsoGeneration generation, VdsoAbi abi, KernelFeature? entry = null) =>
        s_made.GetOrAdd((generation, abi, generation.HasThreeStubs && abi == VdsoAbi.I386 ? entry : null), Make);

    private static Vdso Make((VdsoGeneration Generation, VdsoAbi Abi, KernelFeature? Entry) wanted)
    {
        (VdsoGeneration generation, VdsoAbi abi, KernelFeature? fast) = wanted;
        bool narrow = abi == VdsoAbi.I386;
        var functions = new List<VdsoFunction>();
        var symbols = new List<VdsoSymbol>();
        ulong next = ElfImageBuilder.TextOf(abi);
        if (narrow)
        {
            foreach (Func<ulong, VdsoFunction> make in (ReadOnlySpan<Func<ulong, VdsoFunction>>)[address => generation.HasThreeStubs ? KernelEntryStubs.MakeOldVsyscall(address, fast) : KernelEntryStubs.MakeVsyscall(address), KernelEntryStubs.MakeSigreturn, KernelEntryStubs.MakeRtSigreturn])
            {
                // The entry of a trampoline begins a byte before it, which must not be another's.
                VdsoFunction stub = make(next);
                Add(stub, stub.Name, Version25);
                next = Up(stub.End + 1);
            }
        }

        foreach (VdsoCall call in narrow ? generation.Functions32 : generation.Functions)
        {
            // x32 programs have never had it.
            if (abi == VdsoAbi.X32 && call == VdsoCall.Getrandom)
                continue;
            var a = new VdsoAssembler(abi, next);
            Emit(a, generation, call, functions);
            VdsoFunction function = a.Finish(call.Prefixed());
            Add(function, function.Name, Version26);
            if (abi == VdsoAbi.X64)
                symbols.Add(new VdsoSymbol(call.Plain(), Version26, function.Address, function.Code.Length, IsWeak: true));
            next = Up(function.End);
        }

        ulong entry = narrow ? functions[0].Address : 0;
        byte[] bytes = ElfImageBuilder.Build(new ElfImageParts(abi, narrow ? "linux-gate.so.1" : "linux-vdso.so.1", generation.VersionCode, entry, functions, symbols));
        ulong pad = narrow ? functions[0].Points[KernelEntryStubs.LandingPad] : 0;
        return new Vdso(abi, generation.Release, generation.Data, bytes, symbols, [.. functions.SelectMany(function => function.Alternatives)], pad);

        void Add(VdsoFunction function, string name, string version)
        {
            functions.Add(function);
            symbols.Add(new VdsoSymbol(name, version, function.Address, function.Code.Length));
        }
    }

    private static void Emit(VdsoAssembler a, VdsoGeneration generation, VdsoCall call, List<VdsoFunction> before)
    {
        if (a.Abi == VdsoAbi.I386)
        {
            var code = new VdsoCode32(generation, before[0].Address);
            Action<VdsoAssembler> emit = call switch
            {
                VdsoCall.ClockGettime => code.EmitClockGettime,
                VdsoCall.ClockGettime64 => code.EmitClockGettime64,
                VdsoCall.ClockGetres => code.EmitClockGetres,
                VdsoCall.Gettimeofday => code.EmitGettimeofday,
                VdsoCall.Time => code.EmitTime,
                VdsoCall.Getcpu => code.EmitGetcpu,
                _ => throw new ArgumentOutOfRangeException(nameof(call)),
            };
            emit(a);
            return;
        }

        var wide = new VdsoCode64(generation);
        Action<VdsoAssembler> emit64 = call switch
        {
            VdsoCall.ClockGettime => wide.EmitClockGettime,
            VdsoCall.ClockGetres => wide.EmitClockGetres,
            VdsoCall.Gettimeofday => wide.EmitGettimeofday,
            VdsoCall.Time => wide.EmitTime,
            VdsoCall.Getcpu => wide.EmitGetcpu,
            VdsoCall.Getrandom => wide.EmitGetrandom,
            _ => throw new ArgumentOutOfRangeException(nameof(call)),
        };
        emit64(a);
    }

    private static ulong Up(ulong address) => (address + Alignment - 1) & ~(Alignment - 1);
}
