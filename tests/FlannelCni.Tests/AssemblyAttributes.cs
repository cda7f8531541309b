// A script that one test writes cannot be executed while a child that another test starts still holds it open, between fork and exec.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
